"""`vlmflow lineage sign` and `audit`: a signed hash chain over records, and the first record that differs from it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.lineage.chain import CHAIN, audit, extend, read_chain
from pipeline_lib.lineage.signature import signature_of
from tests.small_study import HOST, USER_FOLDER, SmallStudy

RECORD = Path("results/records/train/full.json")


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a finished study be in the working directory."""
    monkeypatch.chdir(tmp_path)
    SmallStudy(tmp_path).make()


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SSH key, its public half beside it, and a file of allowed signers."""
    path = tmp_path_factory.mktemp("keys") / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    public = path.with_suffix(".pub").read_text()
    path.with_name("signers").write_text(f"lab@example.org {public}")
    return path


def command(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, ["lineage", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def alter(path: Path) -> None:
    path.write_text(path.read_text().replace('"rows": 3', '"rows": 4'))


def remove(path: Path) -> None:
    path.unlink()


def insert(path: Path) -> None:
    path.with_name("third.json").write_text(path.read_text())


def test_unchanged_records_are_as_in_the_chain_and_a_second_signing_adds_none() -> None:
    count = extend(CHAIN)
    assert count == len(read_chain(CHAIN)) == len(list(Path().glob("*/records/*/*.json")))
    assert audit(CHAIN) == [] and extend(CHAIN) == 0


@pytest.mark.parametrize(
    ("tamper", "kind", "name"),
    [(alter, "altered", "full"), (remove, "removed", "full"), (insert, "inserted", "third")],
)
def test_a_record_altered_removed_or_inserted_is_named(tamper: Callable[[Path], None], kind: str, name: str) -> None:
    extend(CHAIN)
    tamper(RECORD)
    assert [(fault.kind, fault.where) for fault in audit(CHAIN)] == [(kind, f"results/records/train/{name}.json")]
    extend(CHAIN)
    assert audit(CHAIN) == [], "the change was signed"


@pytest.mark.parametrize("edit", ["altered", "removed", "inserted", "swapped"])
def test_a_line_of_the_chain_that_is_tampered_with_is_named(edit: str) -> None:
    extend(CHAIN)
    lines = CHAIN.read_text().splitlines()
    edited = {
        "altered": [lines[0], lines[1].replace('"sha256":"', '"sha256":"0'), *lines[2:]],
        "removed": [lines[0], *lines[2:]],
        "inserted": [lines[0], lines[0], *lines[1:]],
        "swapped": [lines[1], lines[0], *lines[2:]],
    }
    CHAIN.write_text("\n".join(edited[edit]) + "\n")
    first = audit(CHAIN)[0]
    assert first.kind == "broken" and first.where in [f"{CHAIN}:{number}" for number in (1, 2, 3)]
    with pytest.raises(PipelineError, match="does not follow"):
        extend(CHAIN)


def test_a_signature_names_its_signer_and_is_void_after_an_edit(key: Path) -> None:
    assert f"signed in {CHAIN}.sig" in command("sign", "--key", key)
    assert "lab@example.org" in command("audit", "--signers", key.with_name("signers"))
    assert "lab@example.org" in command("audit", "--signers", key.with_name("signers"), "--identity", "lab@example.org")
    assert "Good" in command("audit")
    with pytest.raises(PipelineError, match="not valid"):
        command("audit", "--signers", key.with_name("signers"), "--identity", "another@example.org")
    alter(RECORD)
    extend(CHAIN)  # a forger makes the chain fit again
    assert audit(CHAIN) == []
    with pytest.raises(PipelineError, match="signature is not valid"):
        command("audit")


def test_signing_without_a_key_removes_the_signature_of_the_shorter_chain(key: Path) -> None:
    command("sign", "--key", key)
    alter(RECORD)
    assert "not signed" in command("sign") and not signature_of(CHAIN).exists()
    assert "it is not signed" in command("audit")
    with pytest.raises(PipelineError, match="no signature"):
        command("audit", "--signers", key.with_name("signers"))


def test_a_missing_chain_or_key_is_an_error_with_its_cure() -> None:
    with pytest.raises(PipelineError, match="vlmflow lineage sign"):
        command("audit")
    with pytest.raises(PipelineError, match="ssh-keygen -t ed25519"):
        command("sign", "--key", "nowhere")


def test_the_audit_names_the_first_fault_and_json_lists_all() -> None:
    command("sign")
    alter(RECORD)
    remove(RECORD.with_name("half.json"))
    with pytest.raises(PipelineError) as raised:
        command("audit")
    assert f"where: {RECORD}" in str(raised.value) and "altered; 2 in all" in str(raised.value)
    done = CliRunner().invoke(app, ["lineage", "audit", "--json"])
    assert done.exit_code == 1 and [fault["kind"] for fault in json.loads(done.output)] == ["altered", "removed"]


def test_the_chain_has_no_host_and_no_absolute_path(key: Path) -> None:
    command("sign", "--key", key)
    text = CHAIN.read_text() + signature_of(CHAIN).read_text()
    assert HOST not in text and USER_FOLDER not in text and str(Path.cwd()) not in text
