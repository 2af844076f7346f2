"""Choosing rows in the workflow: subsets by several strategies, and the reports that compare them."""

import json
import shutil
from xml.etree import ElementTree

import pyarrow.parquet as pq

from tests.project import Project

RESULTS = "results/mini/subsets"
EMBEDDED = """subsets:
  diverse: {table: mini_instructions, embedded_by: tower, sample: {strategy: diverse, clusters: 10, fraction: 0.5}}
  agreeing: {table: mini_instructions, embedded_by: tower, sample: {strategy: clip_score, fraction: 0.5}}
"""
HALVES = """subsets:
  stratified: {table: mini_instructions, sample: {strategy: stratified, by: modality, fraction: 0.5}}
  long: {table: mini_instructions, sample: {strategy: length, fraction: 0.5}}
"""


def test_reports_compare_the_subsets_of_a_table_and_rerun_none_of_them(mini: Project) -> None:
    before = mini.records()
    mini.edit("studies/mini.yaml", "subsets:\n", HALVES)
    done = mini.make("reports")
    assert done.returncode == 0, done.text
    worked = mini.worked_since(before)
    assert worked == {"sample": 2, "report_subset": 6}, worked
    content = json.loads((mini.root / RESULTS / "half.report.json").read_text())
    assert content["overlap"].keys() == {"full", "stratified", "long"}
    assert content["overlap"]["full"]["common"] == content["rows"]["subset"] == content["rows"]["table"] // 2
    ElementTree.parse(mini.root / RESULTS / "half.report.svg")
    assert mini.planned("reports") == {}


def test_a_clip_of_the_study_embeds_a_table_once_and_two_strategies_choose_by_it(mini: Project) -> None:
    before = mini.records()
    mini.edit("studies/mini.yaml", "subsets:\n", EMBEDDED)
    subsets = [f"{RESULTS}/{name}.parquet" for name in ("diverse", "agreeing", "half")]
    done = mini.make(*subsets)
    assert done.returncode == 0, done.text
    worked = mini.worked_since(before)
    assert worked == {"embed": 1, "sample_embedded": 2}, worked
    embeddings = mini.root / "results/mini/embeddings/tower/mini_instructions.safetensors"
    assert embeddings.is_file()
    rows = [set(pq.read_table(mini.root / path)["row"].to_pylist()) for path in subsets]
    assert len({len(numbers) for numbers in rows}) == 1 and len(set(map(frozenset, rows))) == 3

    made = mini.made()
    for path in [embeddings, *(mini.root / subset for subset in subsets)]:
        path.unlink()
    shutil.rmtree(mini.root / ".vlmflow/kept")
    assert mini.planned(*subsets, "--forcerun", "train") == {
        **{"train": 1, "embed": 1, "sample_embedded": 2, "sample": 1}
    }, "the CLIP is trained before it embeds"
    assert mini.planned(*subsets) == {"embed": 1, "sample_embedded": 2, "sample": 1}
    assert mini.make(*subsets).returncode == 0 and mini.made() == made

    done = mini.make(f"{RESULTS}/divers.parquet")
    assert "no such subset" in done.text and "diverse" in done.text
