"""`vlmflow export rows`: the rows of a finished study, read back by a study of their own."""

import json

from pipeline_lib.conversations.subset import subset_conversations
from pipeline_lib.conversations.table import read_table
from tests.project import Project

STUDY = """
title: The exported rows
datasets:
  out:
    source: {kind: folder, path: out}
    convert: {to: keep}
tables:
  rows: {dataset: out, images: [out], conversations: {file: half.json}}
runs: {}
benchmarks: {}
"""


def export(project: Project, *arguments: str) -> str:
    done = project.run("vlmflow", "export", "rows", *arguments, "--study", "mini")
    assert done.returncode == 0, done.text
    return done.text


def test_an_exported_subset_becomes_a_table_of_equal_rows(mini: Project) -> None:
    text = export(mini, "half", "out/half.json", "--as", "llava-json", "--images", "out")
    export(mini, "half", "again.json", "--as", "llava-json")
    assert (mini.root / "again.json").read_bytes() == (mini.root / "out/half.json").read_bytes()
    (mini.root / "studies/exported.yaml").write_text(STUDY)
    done = mini.snakemake("-c2", "--config", "study=exported", "--", "data/tables/rows.manifest.json")
    assert done.returncode == 0, done.text
    subset, table = mini.root / "results/mini/subsets/half.parquet", mini.root / "data/tables/mini_instructions.parquet"
    expected = subset_conversations(subset, table)
    assert f"{len(expected)} rows" in text
    read = read_table(mini.root / "data/tables/rows.parquet")
    assert [(row.id, row.images, row.conversations) for row in read] == [
        (row.id, row.images, row.conversations) for row in expected
    ]


def test_a_table_is_exported_by_its_name_and_what_is_missing_is_named(mini: Project) -> None:
    export(mini, "mini_text", "text.json", "--as", "sharegpt")
    assert len(json.loads((mini.root / "text.json").read_text())) == len(
        read_table(mini.root / "data/tables/mini_text.parquet")
    )
    (mini.root / "results/mini/subsets/full.manifest.json").unlink()
    for name, message in (("full", "snakemake -c2 results/mini/subsets/full.manifest.json"), ("hal", "'half'")):
        done = mini.run("vlmflow", "export", "rows", name, "x.json", "--as", "sharegpt", "--study", "mini")
        assert done.returncode == 1 and message in done.text, done.text
