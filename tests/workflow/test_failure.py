"""What a person reads when jobs failed."""

from pathlib import Path

from pipeline_lib.workflow.failures import Failed, failure_text
from tests.project import Project


def test_each_failed_job_shows_the_end_of_its_log_and_the_command_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "half.log"
    log.write_text("".join(f"line {number}\n" for number in range(30)))
    text = failure_text(
        [Failed("train half", log), Failed("fetch photos 000", tmp_path / "none.log")], ["snakemake", "a b"]
    )
    assert "line 29" in text and "line 20" in text and "line 19" not in text
    assert "fetch photos 000 failed. It wrote nothing to" in text
    assert text.endswith("\n  snakemake 'a b'")


def test_snakemake_says_so(mini: Project) -> None:
    rows = mini.root / "results/mini/subsets/half.parquet"
    rows.write_bytes(rows.read_bytes()[:-1] + b"?")
    mini.edit(
        "studies/mini.yaml",
        "full:\n    start: pretrained\n    subset: full",
        "full:\n    start: pretrained\n    subset: half",
    )
    done = mini.make()
    assert done.returncode == 1
    told = done.text[done.text.index("inspect_rows full failed.") :]
    assert "half.parquet" in told and "snakemake -c2 --config study=mini" in told
    assert "`vlmflow show --study mini` gives their status: results/mini/pope_score.json" in told
