"""The status of a job whose files somebody deleted, cut, edited or replaced by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Callable

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.core.digests import CACHE, DigestCache, digest_file
from pipeline_lib.job.manifest import write_manifest
from pipeline_lib.job.record import Record
from pipeline_lib.job.removal import FOLDER, RESTORE, note_removal
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.jobs import AssessedJob, Status
from pipeline_lib.lineage.status import Assessment, assess
from pipeline_lib.lineage.why import explain, unvouched
from tests.jobs import assessed_job

TABLE, MANIFEST = Path("data/tables/t.parquet"), Path("data/tables/t.manifest.json")
RECORD, SCORE_RECORD = Path("data/records/tabulate/t.json"), Path("results/records/gather/pope.json")
SCORE = Path("results/pope_score.json")


@pytest.fixture()
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[AssessedJob]:
    """Return a finished plan of two jobs, a table and a score made from it, in an empty project."""
    monkeypatch.chdir(tmp_path)
    for path in (TABLE, SCORE):
        path.parent.mkdir(parents=True)
        path.write_text(path.name)
    write_manifest(MANIFEST, [TABLE], DigestCache())
    table = job("tabulate", RECORD, [], {"table": TABLE, "manifest": MANIFEST}, [MANIFEST])
    return [table, job("gather", SCORE_RECORD, [MANIFEST], {"score": SCORE}, [SCORE])]


def job(rule: str, record: Path, inputs: list[Path], outputs: dict[str, Path], recorded: list[Path]) -> AssessedJob:
    """Return a planned job, having written the record of its success."""
    making = Record(rule, {}, "c", {}, {})
    making.inputs = {path.as_posix(): digest_file(path) for path in inputs}
    making.outputs = {path.as_posix(): digest_file(path) for path in recorded}
    making.write(record, 0)
    paths = {name: path.as_posix() for name, path in outputs.items()}
    read = [path.as_posix() for path in inputs]
    return assessed_job(rule, code="c", outputs=paths, inputs=read, record=record.as_posix())


def both(jobs: list[AssessedJob]) -> list[Assessment]:
    return list(assess(jobs, CurrentState()).values())


def test_what_stands_as_it_was_made_is_ok(jobs: list[AssessedJob]) -> None:
    assert [assessment.status for assessment in both(jobs)] == [Status.OK, Status.OK]


@pytest.mark.parametrize(
    "text", ['{"files": [{"pa', "[]", "{}", '{"files": 1}', '{"files": [{}]}', '{"files": [{"path": "/etc/passwd"}]}']
)
def test_a_broken_manifest_is_a_cause_and_no_crash(jobs: list[AssessedJob], text: str) -> None:
    MANIFEST.write_text(text)
    table, score = both(jobs)
    assert table.forced and table.causes == [f"{MANIFEST}: altered since"]
    assert score.status is Status.STALE


@pytest.mark.parametrize("text", ["{}", "[]", '{"exit": 0}', '{"stage'])
def test_a_file_that_is_no_record_vouches_for_nothing(jobs: list[AssessedJob], text: str) -> None:
    RECORD.write_text(text)
    table, score = both(jobs)
    assert table == Assessment(Status.FAILED, [f"{RECORD}: not a record"], forced=True)
    assert score.causes == ["below tabulate t, which runs"]
    assert explain([replace(jobs[0], causes=table.causes, runs=True)], CurrentState().record)[0].seconds is None


def test_what_has_no_record_runs(jobs: list[AssessedJob]) -> None:
    RECORD.unlink()
    assert both(jobs)[0] == Assessment(Status.STALE, ["no record says how it was made"], forced=True)


def test_what_a_restore_verified_without_a_record_does_not_run(jobs: list[AssessedJob]) -> None:
    RECORD.unlink()
    note_removal(RECORD, RESTORE)
    table, score = both(jobs)
    assert not table.forced and not score.forced
    assert score.causes == ["below tabulate t, which does not hold"]


def test_what_a_clone_lacks_with_its_record_is_vouched_for_by_nobody_and_not_made(jobs: list[AssessedJob]) -> None:
    for path in (RECORD, TABLE, MANIFEST):
        path.unlink()
        note_removal(path, RESTORE)
    table, score = both(jobs)
    assert table == Assessment(Status.STALE, ["no record says how it was made"], forced=False)
    assert score.causes == ["below tabulate t, which does not hold"]


def test_what_a_clone_lacks_is_stale_after_an_edit_and_absent_on_purpose_before(jobs: list[AssessedJob]) -> None:
    for path in (TABLE, MANIFEST):
        path.unlink()
        note_removal(path, RESTORE)
    assert [assessment.status for assessment in both(jobs)] == [Status.REMOVED, Status.OK]
    jobs[0] = replace(jobs[0], settings={"seed": 1})
    assert [assessment.status for assessment in both(jobs)] == [Status.STALE, Status.STALE]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def edit(path: Path) -> None:
    path.write_text(path.read_text().upper())


@pytest.mark.parametrize("act", [cut, edit])
def test_an_altered_file_marks_what_was_made_from_it_and_is_not_replaced(
    jobs: list[AssessedJob], act: Callable[[Path], None]
) -> None:
    act(TABLE)
    table, score = both(jobs)
    assert table == Assessment(Status.STALE, [f"{TABLE}: altered since"], forced=False)
    assert score == Assessment(Status.STALE, ["below tabulate t, which does not hold"], forced=False)
    plan = [
        replace(each, status=assessment.status, causes=assessment.causes)
        for each, assessment in zip(jobs, both(jobs), strict=True)
    ]
    assert unvouched(plan) == [f"tabulate t is stale, but will not run: {TABLE}: altered since"]


def test_a_touched_file_is_as_it_was(jobs: list[AssessedJob]) -> None:
    TABLE.touch()
    assert both(jobs)[0].status is Status.OK


@pytest.mark.parametrize("name", ["{}", "./{}", "{}/", "data/../{}", "{project}/{}"])
def test_clean_knows_an_artefact_by_any_of_its_paths(jobs: list[AssessedJob], name: str) -> None:
    done = CliRunner().invoke(app, ["clean", name.format(TABLE, project=Path.cwd())])
    assert done.exit_code == 0, done.output
    assert [assessment.status for assessment in both(jobs)] == [Status.REMOVED, Status.OK]


def test_a_broken_note_of_a_removal_accounts_for_nothing(jobs: list[AssessedJob]) -> None:
    assert CliRunner().invoke(app, ["clean", str(TABLE)]).exit_code == 0
    (note,) = FOLDER.iterdir()
    note.write_text("{")
    assert both(jobs)[0].status is Status.MISSING


def test_a_broken_memory_of_digests_is_begun_again(jobs: list[AssessedJob]) -> None:
    (memory,) = CACHE.glob("*.sqlite")
    memory.write_bytes(memory.read_bytes()[:100])
    assert [assessment.status for assessment in both(jobs)] == [Status.OK, Status.OK]


def test_results_whose_study_is_gone_are_named_by_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for record in ("gone/records/train/full.json", "checkpoints/records/config.json", "partial/records/train/a.json"):
        (tmp_path / "results" / record).parent.mkdir(parents=True)
        (tmp_path / "results" / record).write_text("")
    done = CliRunner().invoke(app, ["check"])
    assert done.exit_code == 1
    lines = [line for line in done.stdout.splitlines() if "its study file no longer exists" in line]
    assert lines == ["results/gone/: its study file no longer exists, so nothing can be compared"]
