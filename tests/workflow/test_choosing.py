"""Choosing rows in the workflow: subsets by several strategies, and the reports that compare them."""

import json
from pathlib import Path
from xml.etree import ElementTree

from tests.project import Project

RESULTS = "results/mini/subsets"
HALVES = """subsets:
  stratified: {table: mini_instructions, sample: {strategy: stratified, by: modality, fraction: 0.5}}
  long: {table: mini_instructions, sample: {strategy: length, fraction: 0.5}}
"""


def test_reports_compare_the_subsets_of_a_table_and_rerun_none_of_them(tmp_path: Path) -> None:
    project = Project.copy(tmp_path / "project")
    assert project.make(f"{RESULTS}/half.parquet").returncode == 0
    before = project.records()
    project.edit("studies/mini.yaml", "subsets:\n", HALVES)
    done = project.make("reports")
    assert done.returncode == 0, done.text
    worked = project.worked_since(before)
    assert worked == {"sample": 5, "report_subset": 6, "tabulate": 2}, worked
    content = json.loads((project.root / RESULTS / "half.report.json").read_text())
    assert content["overlap"].keys() == {"full", "stratified", "long"}
    assert content["overlap"]["full"]["common"] == content["rows"]["subset"] == content["rows"]["table"] // 2
    ElementTree.parse(project.root / RESULTS / "half.report.svg")
    assert project.planned("reports") == {}
