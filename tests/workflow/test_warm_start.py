"""Jobs that share loaded libraries make the same bytes as jobs that load their own, and nothing outlives Snakemake."""

import tempfile
import time
from pathlib import Path

import pytest

from pipeline_lib.core.files import remove
from pipeline_lib.job.warm_start import SERVED
from tests import quick_start
from tests.project import Project

ANSWERS = "results/mini/answers/full/pope.jsonl"
RECORD = "results/mini/records/predict/full-pope.json"


def servers(project: Project) -> list[str]:
    """Return the processes that hold loaded libraries for this copy of the project."""
    here = str(project.root / "src").encode()
    return [
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if b"warm_server.py" in path.read_bytes() and here in path.read_bytes()
    ]


def assert_none_is_left(project: Project) -> None:
    """Wait a little for the process with the libraries to notice that Snakemake has ended."""
    deadline = time.monotonic() + 20
    while servers(project):
        assert time.monotonic() < deadline, "a process with loaded libraries outlives Snakemake"
        time.sleep(0.1)


def ask_again(project: Project) -> str:
    """Have the model of `full` answer once more; return what was printed."""
    remove(project.root / ".vlmflow/kept")
    remove(project.root / ANSWERS)
    folder = Path(tempfile.mkdtemp(dir=project.root.parent)) / "programs"
    done = project.snakemake("-c2", "--config", "study=mini", "--", ANSWERS, PATH=quick_start.jobs_alone(folder))
    assert done.returncode == 0, done.text
    return done.text


def test_a_job_makes_the_same_bytes_warm_and_alone(mini: Project) -> None:
    made = mini.made()
    ask_again(mini)
    assert mini.made() == made
    assert_none_is_left(mini)
    warm = mini.records()[RECORD]
    (mini.root / "site.yaml").write_text("warm_start: false\n")
    ask_again(mini)
    assert mini.made() == made
    alone = mini.records()[RECORD]
    same = ("settings", "code", "libraries", "inputs", "outputs", "machine", "notes")
    assert {name: warm[name] for name in same} == {name: alone[name] for name in same}
    assert alone["started"] > warm["started"]


def test_a_job_that_finds_no_process_to_share_says_so_and_works(mini: Project) -> None:
    mini.edit("src/pipeline_lib/job/warm_start.py", '"safetensors.torch", ', '"no_such_library", ')
    assert "no warm start" in ask_again(mini)


@pytest.mark.long
def test_a_job_of_dvc_or_slurm_starts_alone(mini: Project) -> None:
    mini.edit("src/pipeline_lib/job/warm_start.py", '"safetensors.torch", ', '"no_such_library", ')
    (mini.root / ANSWERS).unlink()
    remove(mini.root / ".vlmflow/kept")
    done = mini.snakemake("-c1", "--config", "study=mini", "--", ANSWERS, SLURM_JOB_ID="1")
    assert done.returncode == 0, done.text
    assert "no warm start" not in done.text


def test_a_job_that_is_linked_back_loads_nothing(mini: Project) -> None:
    mini.edit("src/pipeline_lib/job/warm_start.py", '"safetensors.torch", ', '"no_such_library", ')
    (mini.root / ANSWERS).unlink()
    done = mini.make(ANSWERS)
    assert done.returncode == 0 and mini.records()[RECORD]["reused"], done.text
    assert "no warm start" not in done.text


@pytest.mark.long
def test_the_process_to_ask_is_named_by_snakemake_alone(mini: Project) -> None:
    remove(mini.root / ".vlmflow/kept")
    remove(mini.root / ANSWERS)
    done = mini.snakemake("-c1", "--config", "study=mini", "--", ANSWERS, **{SERVED: "1"})
    assert done.returncode == 0, done.text
    assert_none_is_left(mini)
