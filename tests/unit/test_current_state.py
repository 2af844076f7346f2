"""Files held against manifests and records."""

import shutil
from pathlib import Path

import pytest

from pipeline_lib.core.digests import DigestCache
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import INLINE, names_digest, write_manifest
from pipeline_lib.job.reuse import reuse_key
from pipeline_lib.lineage.current import CurrentState
from pipeline_lib.lineage.why import causes_of, differences
from tests.jobs import assessed_job, made_record


@pytest.fixture(params=[3, INLINE + 1])
def manifest(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the manifest of a folder of few files, or of more than a manifest lists itself."""
    monkeypatch.chdir(tmp_path)
    folder = Path("made")
    folder.mkdir()
    for number in range(request.param):
        (folder / f"{number:05d}").write_text(str(number))
    write_manifest(Path("made.manifest.json"), [folder], DigestCache())
    return Path("made.manifest.json")


def test_an_empty_text_is_shown_as_one() -> None:
    assert list(differences({"prefix": "a/", "seed": 0}, {"prefix": "", "seed": 1})) == [
        "prefix: a/ → ''",
        "seed: 0 → 1",
    ]


def test_a_folder_that_is_as_it_was_made_has_no_fault(manifest: Path) -> None:
    assert CurrentState().manifest_faults(manifest) == []


def test_an_absent_folder_is_one_line_or_excused(manifest: Path) -> None:
    names = names_digest(manifest)
    shutil.rmtree("made")
    assert CurrentState().manifest_faults(manifest) == ["made: missing"]
    assert CurrentState().manifest_faults(manifest, excused=["made"]) == []
    assert names_digest(manifest) == names


def test_an_altered_file_is_named_even_where_absence_is_excused(manifest: Path) -> None:
    Path("made/00001").write_text("x")
    Path("made/00002").unlink()
    Path("made/more").write_text("")
    found = CurrentState().manifest_faults(manifest, excused=["made"])
    assert found == ["made/00001: altered since", "made/00002: missing", "made/more: not in the manifest"]


def record(**changes: object) -> MadeRecord:
    roles = {"tables": ["a.json", "b.json"], "files": ["a.json"]}
    return made_record(**{"code": "c", "inputs": {"a.json": "1", "b.json": "2"}, "roles": roles, **changes})


def test_the_key_of_reuse_knows_what_an_input_is_for() -> None:
    outputs = {"weights": Path("w")}
    other = record(roles={"tables": ["a.json", "b.json"], "files": ["b.json"]})
    assert reuse_key(record().content, outputs) != reuse_key(other.content, outputs)


def test_another_input_is_a_cause_though_no_setting_names_it() -> None:
    job = assessed_job(inputs=["a.json", "c.json"], code="c")
    digests = {"a.json": "1", "c.json": "3"}
    found = list(causes_of(job, record(), digests.get, lambda job: {}))
    assert found == ["c.json: was not read before", "b.json: is no longer read"]
