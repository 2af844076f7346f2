"""`vlmflow lineage verify`: stages executed again from their records in a clean folder, and what their bytes say."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline_lib.core.digests import digest_file
from pipeline_lib.job.record import write_record
from tests.project import Project
from tests.workflow.conftest import GIT, must
from tests.workflow.test_tampering import edited_score, flip, manifest_file_and_record

RECORDS = Path("results/mini/records")
SCORE = Path("results/mini/scores/half/pope.json")
STRATEGY = "src/pipeline_lib/sampling/digest_rank.py"


def verify(project: Project, *words: str) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit code and the verdicts of a verification."""
    done = project.run("vlmflow", "lineage", "verify", *words, "--json")
    return done.returncode, json.loads(done.text)


def files(project: Project) -> dict[str, tuple[int, int]]:
    """Return size and time of every file of data and results, but of verdicts."""
    paths = [path for top in ("data", "results") for path in (project.root / top).rglob("*") if path.is_file()]
    stats = {path.relative_to(project.root).as_posix(): path.stat() for path in paths}
    return {
        name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats.items() if not name.endswith(".verified.jsonl")
    }


def forge(project: Project, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a record, and seal it as a forger would."""
    path = project.root / RECORDS / name
    content = json.loads(path.read_text())
    content.pop("seal")
    change(content)
    write_record(path, content)


def test_stages_are_byte_identical_the_study_stays_as_it_was_and_a_second_call_repeats_nothing(mini: Project) -> None:
    before = files(mini)
    code, verdicts = verify(mini, "sample/half", SCORE.as_posix(), "--tolerance", "0")
    assert code == 0 and [each["job"] for each in verdicts] == ["sample half", "score half-pope"]
    assert {each["grade"] for each in verdicts} == {"byte-identical"}
    assert files(mini) == before
    assert not list((mini.root / ".vlmflow/verify").iterdir()), "the clean folders are gone"
    again = verify(mini, "sample/half", "--tolerance", "0")[1]
    assert again == [{**verdicts[0], "earlier": True}]
    assert verify(mini, "sample/half", "--tolerance", "0", "--again")[1][0]["earlier"] is False
    assert "all artefacts" in mini.run("vlmflow", "check").text.lower(), "verdicts are no records"
    stored = [path.read_text() for path in (mini.root / RECORDS).rglob("*.verified.jsonl")]
    private = (str(mini.root), str(Path.home()), os.uname().nodename)
    assert len(stored) == 2 and not [text for text in stored for name in private if name in text]


def test_an_edit_of_code_is_named_as_the_cause_where_no_commit_has_the_recorded_code(mini: Project) -> None:
    edit_strategy(mini)
    code, (verdict,) = verify(mini, "sample/half")
    assert code == 1 and verdict["grade"] == "different"
    assert [hazard for hazard in verdict["hazards"] if hazard["kind"] == "code" and "digest_rank" in hazard["text"]]
    assert "which is not the recorded code" in verdict["code"]


def edit_strategy(project: Project) -> None:
    """Let the strategy take the other rows."""
    project.edit(STRATEGY, 'f"{seed}:{row}"', 'f"{row}:{seed}"')


def test_the_recorded_commit_has_the_code_after_an_edit_of_the_working_tree(mini: Project) -> None:
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "the project")):
        must(mini.run(*GIT, *command))
    commit = must(mini.run("git", "rev-parse", "HEAD")).strip()

    def name_commit(content: dict[str, Any]) -> None:
        for made in filter(None, (content, content["reused"])):
            made["repository"]["commit"] = commit

    forge(mini, "sample/half.json", name_commit)
    edit_strategy(mini)
    code, (verdict,) = verify(mini, "sample/half")
    assert (code, verdict["grade"]) == (0, "byte-identical")
    assert verdict["code"] == f"commit {commit[:12]}"


def test_a_forged_record_is_found(mini: Project) -> None:
    path = mini.root / RECORDS / "sample/full.json"
    path.write_text(path.read_text().replace('"fraction": 1.0', '"fraction": 0.9'))
    forge(mini, "sample/half.json", lambda content: content["settings"]["sample"].update(fraction=0.4))
    code, verdicts = verify(mini, "sample/full", "sample/half")
    assert code == 1
    assert [each["grade"] for each in verdicts] == ["not re-executed", "different"]
    assert "sample/full.json was edited since it was written" in verdicts[0]["text"]
    assert verdicts[1]["hazards"] == [] and "the record or the outputs are not what it wrote" in verdicts[1]["text"]


def test_numbers_may_differ_by_the_tolerance_and_no_more(mini: Project) -> None:
    score = json.loads((mini.root / SCORE).read_text())
    name = next(name for name, value in score["metrics"].items() if isinstance(value, float) and value)
    score["metrics"][name] *= 1 + 1e-7
    (mini.root / SCORE).write_text(json.dumps(score))
    forge(
        mini,
        "score/half-pope.json",
        lambda content: content["outputs"].update({SCORE.as_posix(): digest_file(mini.root / SCORE)}),
    )
    code, (verdict,) = verify(mini, "score/half-pope")
    assert (code, verdict["grade"]) == (0, "numerically equal") and 0 < verdict["distance"] < verdict["tolerance"]
    code, (strict,) = verify(mini, "score/half-pope", "--tolerance", "0")
    assert (code, strict["grade"]) == (1, "different") and strict["differences"][0]["path"] == SCORE.as_posix()


def test_answers_of_other_bytes_that_score_the_same_are_graded_so(mini: Project) -> None:
    manifest_file_and_record(mini.root)  # the model's name in one answer
    code, (verdict,) = verify(mini, "predict/full-pope")
    assert (code, verdict["grade"]) == (0, "same metric")
    assert [each["path"] for each in verdict["differences"]] == ["results/mini/answers/full/pope.jsonl"]


def test_altered_inputs_are_named_and_nothing_is_graded_on_them(mini: Project) -> None:
    edited_score(mini.root)
    flip(mini.root / "data/raw/mini_pope/000/llava_pope_test.jsonl")
    code, verdicts = verify(mini, "gather", "score/half-pope")
    assert code == 1 and {each["grade"] for each in verdicts} == {"not re-executed"}
    assert "results/mini/scores/full/pope.json has other bytes than the job read" in verdicts[0]["text"]
    assert "differs from data/raw/mini_pope/000.manifest.json" in verdicts[1]["text"]


@pytest.mark.long
def test_an_interrupted_verification_leaves_the_study_alone_and_continues(mini: Project) -> None:
    before = files(mini)
    process = mini.start("vlmflow", "lineage", "verify", "train/half")
    deadline = time.monotonic() + 300
    while not any("steps" in path.read_text() for path in (mini.root / ".vlmflow/verify").glob("*/printed.txt")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=120) != 0
    assert files(mini) == before and not list((mini.root / RECORDS).rglob("*.verified.jsonl"))
    code, (verdict,) = verify(mini, "train/half", "--tolerance", "0")
    assert (code, verdict["grade"]) == (0, "byte-identical")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--all takes every stage"),
        (("trian",), "did you mean 'train'?"),
        (("train/hafl",), "did you mean 'train/half'?"),
        (("results/mini/checkpoints/hafl",), "did you mean 'results/mini/checkpoints/half'?"),
        (("--all", "train"), "leave out --all, or the names"),
        (("train", "--tolerance", "2"), "a tolerance is a share"),
    ],
)
def test_bad_input_gets_an_error_with_its_cure(finished: Project, words: tuple[str, ...], message: str) -> None:
    done = finished.run("vlmflow", "lineage", "verify", *words)
    assert done.returncode == 1 and message in done.text, done.text
