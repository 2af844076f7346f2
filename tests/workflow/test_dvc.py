"""DVC as the ledger: the pipeline from the workflow, commit, push, pull, restore, reproduction."""

import itertools
import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.project import ROOT, Project
from tests.workflow.conftest import GIT, STUDY, must

SCORE = "results/mini/pope_score.json"
RUNS = ("full", "half", "untrained")
CLEAN = "Data and pipelines are up to date."


def restore(project: Project) -> str:
    """Return what a restore says, whether it succeeds or refuses."""
    return project.run("vlmflow", "dvc", "restore", *STUDY).text


def ran(text: str) -> Counter[str]:
    """Return how many stages of each rule `dvc repro` ran, by what it printed."""
    return Counter(re.findall(r"Running stage '(\w+)", text))


def test_the_committed_pipeline_is_that_of_the_default_study() -> None:
    assert "is up to date" in must(Project(ROOT).run("vlmflow", "dvc", "sync", "--check"))


def test_after_a_commit_everything_is_clean_and_nothing_made_is_in_git(ledger: Project) -> None:
    assert CLEAN in must(ledger.run("dvc", "status"))
    assert must(ledger.run("git", "status", "--short")) == ""
    tracked = must(ledger.run("git", "ls-files")).splitlines()
    assert not [name for name in tracked if name.startswith(("data/", "results/"))]
    assert "didn't change" in must(ledger.run("dvc", "repro"))
    assert CLEAN in must(ledger.run("dvc", "repro"))
    assert ledger.planned() == Counter()


def test_nothing_shared_names_a_person_a_host_or_a_folder(committed: Project) -> None:
    secrets = {str(committed.root), str(Path.home()), f"/{os.environ.get('USER', 'root')}/"}
    host = re.compile(rf'"{re.escape(os.uname().nodename)}"')
    shared = [path for folder in ("data", "results") for path in (committed.root / folder).rglob("*.json")]
    shared += [committed.root / name for name in ("dvc.lock", "dvc.yaml", "records.dvc", "results/mini/identity.json")]
    assert len(shared) > 30
    for path in shared:
        text = path.read_text()
        assert not host.search(text) and not [secret for secret in secrets if secret in text], path
        assert not re.search(r'"/(home|tmp|root|usr|var)/', text), path


def test_a_secret_in_the_environment_enters_no_record(mini: Project) -> None:
    secret = "hf_thisIsASecretToken123456"
    target = "results/mini/scores/full/pope.json"
    mini.edit("studies/mini.yaml", "seed: 0", "seed: 0\nsuspect_above: 0.5")
    must(mini.snakemake("-c2", "--config", "study=mini", "--", target, HF_TOKEN=secret, AWS_SECRET_ACCESS_KEY=secret))
    made = [path for name in ("data", "results", ".vlmflow") for path in (mini.root / name).rglob("*")]
    assert not [path for path in made if path.is_file() and secret.encode() in path.read_bytes()]


def test_where_nothing_is_made_a_commit_refuses_every_stage_and_writes_nothing(tmp_path: Path) -> None:
    project = Project.copy(tmp_path / "project")
    done = project.run("vlmflow", "dvc", "commit")
    assert done.returncode == 1 and "refused: train-full" in done.text and "Traceback" not in done.text
    assert not (project.root / "records.dvc").exists()


def test_what_is_stale_is_refused_by_name_and_the_rest_recorded(ledger: Project) -> None:
    ledger.edit("studies/mini.yaml", "learning_rate: 3.0e-3", "learning_rate: 5.0e-3")
    done = ledger.run("vlmflow", "dvc", "commit", *STUDY)
    assert done.returncode == 1
    assert "refused: train-pretrained" in done.text and "recipe.learning_rate: 0.003 → 0.005" in done.text
    refused = set(re.findall("^refused: (.*)", done.text, flags=re.MULTILINE))
    assert refused == {"train-pretrained", "merge-pretrained", "gather-pope"} | {
        f"{rule}-{of}" for rule, of in itertools.product(("predict", "score"), ("half-pope", "full-pope"))
    } | {"train-half", "train-full"}
    assert "32 stages are recorded" in done.text
    assert set(json.loads(must(ledger.run("dvc", "status", "--json")))) <= {*refused, "reproduced"}


@pytest.mark.long
def test_answers_of_another_model_are_refused(ledger: Project) -> None:
    """No setting of the job has changed: the model is an input, and the record names another."""
    ledger.edit("studies/mini.yaml", "full: {model: full}", "full: {model: half}")
    must(ledger.run("vlmflow", "dvc", "sync", *STUDY))
    done = ledger.run("vlmflow", "dvc", "commit", *STUDY)
    assert done.returncode == 1 and "refused: predict-full-pope" in done.text
    assert "results/mini/checkpoints/half.manifest.json: was not read before" in done.text
    assert "would now be made from" in restore(ledger)
    done = ledger.run("vlmflow", "accept", SCORE, "--because", "they are alike", *STUDY)
    assert done.returncode == 1 and "made from other inputs than" in done.text


@pytest.mark.long
def test_a_clone_commits_what_it_adds(restored: Project) -> None:
    """The raw images are absent there, which is no fault."""
    restored.edit("src/pipeline_lib/scoring/score.py", "SCHEMA = 1", "SCHEMA = 2")
    must(restored.make())
    must(restored.run("vlmflow", "dvc", "commit", *STUDY))
    assert CLEAN in must(restored.run("dvc", "status"))


@pytest.mark.long
def test_what_was_removed_on_purpose_stays_as_it_was_committed(ledger: Project) -> None:
    lock = (ledger.root / "dvc.lock").read_text()
    must(ledger.run("vlmflow", "clean", "results/mini/checkpoints/full"))
    text = must(ledger.run("vlmflow", "dvc", "commit", *STUDY))
    assert "left as committed: 1\n    train-full" in text
    assert (ledger.root / "dvc.lock").read_text() == lock


@pytest.mark.long
def test_an_edit_that_keeps_size_and_time_is_refused(ledger: Project) -> None:
    path = ledger.root / "results/mini/checkpoints/full/model.safetensors"
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    done = ledger.run("vlmflow", "dvc", "commit", *STUDY)
    assert done.returncode == 1
    assert "checkpoints/full/model.safetensors: altered since" in done.text
    assert "checkpoints/full/model.safetensors: altered since" in restore(ledger)


@pytest.mark.parametrize(
    "kind",
    [
        "copy",
        pytest.param("symlink", marks=pytest.mark.long),
        pytest.param("hardlink", marks=pytest.mark.long),
        pytest.param("reflink,copy", marks=pytest.mark.long),
    ],
)
def test_a_clone_pulls_restores_and_has_nothing_to_do(cloned: Project, kind: str) -> None:
    must(cloned.run("dvc", "config", "--local", "cache.type", kind))
    assert "there is nothing to restore" in restore(cloned)
    must(cloned.run("dvc", "pull", "-q"))
    assert "41 of 41 stages are verified and current." in restore(cloned)
    assert cloned.planned() == Counter()
    assert CLEAN in must(cloned.run("dvc", "status"))
    assert must(cloned.run("git", "status", "--short")) == ""
    assert not (cloned.root / "data/raw/mini_scenes/000").exists()  # pinned by its manifest, not stored
    shown = must(cloned.run("vlmflow", "lineage", "show", SCORE))
    assert "train/00000" in shown or "data/raw/mini_scenes/000.manifest.json" in shown


@pytest.mark.long
def test_restore_refuses_what_was_changed_and_names_it(restored: Project) -> None:
    score = restored.root / "results/mini/scores/full/pope.json"
    old = score.read_text()
    score.unlink()
    score.write_text(old.replace("0.5", "0.9", 1))
    assert "results/mini/scores/full/pope.json is not the committed one" in restore(restored)
    score.write_text(old)
    restored.edit(
        "src/pipeline_lib/benchmarks/families/yes_no.py", '{"No", "not", "no"}', '{"No", "not", "no", "nope"}'
    )
    assert re.search(r"score-full-pope: code: \w+ → \w+", restore(restored))
    restored.edit(
        "src/pipeline_lib/benchmarks/families/yes_no.py", '{"No", "not", "no", "nope"}', '{"No", "not", "no"}'
    )
    restored.edit("studies/mini.yaml", "max_new_tokens: 8", "max_new_tokens: 9")
    assert "predict-full-pope: settings.max_new_tokens: 8 → 9" in restore(restored)
    restored.edit("studies/mini.yaml", "max_new_tokens: 9", "max_new_tokens: 8")
    lock = (restored.root / "dvc.lock").read_text()
    (restored.root / "dvc.lock").write_text(lock.replace("learning_rate: 0.003", "learning_rate: 0.004"))
    assert "train-pretrained: settings.recipe.learning_rate: 0.004 → 0.003" in restore(restored)
    (restored.root / "dvc.lock").write_text(lock)
    record = restored.root / "data/ledger/results/mini/records/train/full.json"
    told = record.read_text()
    record.unlink()
    record.write_text(told.replace('"threads": 1', '"threads": 2'))
    assert "records/train/full.json was edited since it was written" in restore(restored)
    record.write_text(told)
    for path in restored.root.glob("src/**/*.py"):
        path.touch()
    assert "stages are verified and current" in restore(restored)


@pytest.mark.long
def test_answers_alone_are_enough_to_score_again(cloned: Project) -> None:
    wanted = [f"predict-{run}-pope" for run in RUNS]
    must(cloned.run("dvc", "pull", "-q", *wanted, "fetch-mini_pope", "records.dvc"))
    told = restore(cloned)
    assert "4 of 41 stages are verified and current." in told and "absent: " in told
    assert "failed" not in must(cloned.run("vlmflow", "why", *STUDY))
    done = cloned.make("results/mini/pope_score.json")
    assert done.returncode == 0, done.text
    assert Counter(re.findall(r"^(?:local)?rule (\w+):$", done.text, flags=re.MULTILINE)) == {
        "score": 3,
        "gather": 1,
    }
    assert not (cloned.root / "results/mini/checkpoints").exists()
    md5 = must(cloned.run("md5sum", SCORE)).split()[0]
    assert md5 in (cloned.root / "dvc.lock").read_text()


@pytest.mark.long
def test_an_edit_above_what_a_clone_pulled_marks_its_scores(cloned: Project) -> None:
    must(cloned.run("dvc", "pull", "-q", "gather-pope", *(f"score-{run}-pope" for run in RUNS), "records.dvc"))
    assert "4 of 41 stages are verified and current." in restore(cloned)
    assert cloned.planned(SCORE) == Counter()
    assert must(cloned.run("vlmflow", "show", "--study", "mini")).count(" ok ") == 3
    cloned.edit("studies/mini.yaml", "learning_rate: 3.0e-3", "learning_rate: 5.0e-3")
    assert "train pretrained: recipe.learning_rate: 0.003 → 0.005" in cloned.run("vlmflow", "check").text
    assert must(cloned.run("vlmflow", "show", "--study", "mini")).count(" stale ") == 2


@pytest.mark.long
def test_a_new_scorer_is_seen_by_a_bare_repro(ledger: Project) -> None:
    ledger.edit("src/pipeline_lib/scoring/score.py", "SCHEMA = 1", "SCHEMA = 2")
    text = must(ledger.run("dvc", "repro"))
    assert ran(text) == {"identity": 1, "score": 3, "gather": 1, "reproduced": 1}
    assert "re-made, other digest: code of pipeline_lib.scoring.score changed" in re.sub(r"\s+", " ", text)
    assert json.loads((ledger.root / "results/mini/scores/full/pope.json").read_text())["schema"] == 2
    assert ledger.planned() == Counter()
    assert CLEAN in must(ledger.run("dvc", "status"))


@pytest.mark.long
def test_a_comment_makes_dvc_look_and_nothing_more(ledger: Project) -> None:
    path = ledger.root / "src/pipeline_lib/benchmarks/families/yes_no.py"
    path.write_text(path.read_text() + "\n# a remark\n")
    assert ran(must(ledger.run("dvc", "repro"))) == {"identity": 1}


@pytest.mark.long
def test_one_stage_is_reproduced_alone_even_in_a_clone_without_restore(cloned: Project) -> None:
    """Snakemake has no memory there and would make everything; the stage's command allows its own rule only."""
    must(cloned.run("dvc", "pull", "-q"))
    lock = (cloned.root / "dvc.lock").read_text()
    times = {path: path.stat().st_mtime_ns for path in (cloned.root / "results").rglob("*.manifest.json")}
    assert ran(must(cloned.run("dvc", "repro", "-f", "-s", "score-full-pope"))) == {"score": 1}
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert (cloned.root / "dvc.lock").read_text() == lock
    assert not list((cloned.root / "data").glob("records/*"))


def test_no_stage_calls_dvc(ledger: Project) -> None:
    rules = [*ROOT.glob("rules/*.smk"), *ROOT.glob("workflow_scripts/*.py"), ROOT / "Snakefile"]
    assert not [path for path in rules if "dvc" in path.read_text()]
    done = ledger.run("vlmflow", "dvc", "commit", *STUDY, DVC_STAGE="score-full-pope")
    assert done.returncode == 1 and "a stage must not call DVC" in done.text


def test_no_stage_persists_and_no_command_names_cores() -> None:
    text = (ROOT / "dvc.yaml").read_text()
    commands = re.findall(r"^    cmd: (.*)$", text, flags=re.MULTILINE)
    assert len(commands) > 30 and all(re.fullmatch(r"vlmflow dvc \w+( [\w-]+)?", command) for command in commands)
    assert not re.search(r"^\s*persist:", text, flags=re.MULTILINE)


@pytest.mark.long
def test_metrics_parameters_and_plots_can_be_compared(ledger: Project) -> None:
    ledger.edit(
        "studies/mini.yaml", "full:\n    start: pretrained", "full:\n    start: pretrained\n    # twice the rate"
    )
    head, tail = (ledger.root / "studies/mini.yaml").read_text().split("# twice the rate")
    (ledger.root / "studies/mini.yaml").write_text(head + tail.replace("1.0e-3", "2.0e-3", 1))
    must(ledger.make())
    must(ledger.run("vlmflow", "dvc", "commit", *STUDY))
    assert "runs.full.metrics.f1" in must(ledger.run("dvc", "metrics", "show", "--md", SCORE))
    changed = json.loads(must(ledger.run("dvc", "params", "diff", "--json")))["results/mini/identity.json"]
    rate = changed["train-full.settings.recipe.learning_rate"]
    assert (rate["old"], rate["new"]) == (0.001, 0.002)
    assert json.loads(must(ledger.run("dvc", "metrics", "diff", "--json", "--all")))
    must(ledger.run("dvc", "plots", "diff", "--out", "plots"))
    page = (ledger.root / "plots/index.html").read_text()
    assert "full.curve.csv" in page and "<script src" not in page, "it opens without a network"


def test_a_drifted_pipeline_is_refused(ledger: Project) -> None:
    ledger.edit("dvc.yaml", "vlmflow dvc run gather-pope", "vlmflow dvc run gather-poope")
    done = ledger.run("vlmflow", "dvc", "commit", *STUDY)
    assert (
        done.returncode == 1
        and "this file differs from the study's workflow" in done.text
        and "vlmflow dvc sync --study mini" in done.text
    )


@pytest.mark.long
def test_everything_reproduced_gives_the_same_lock(ledger: Project) -> None:
    lock, score = (ledger.root / "dvc.lock").read_bytes(), (ledger.root / SCORE).read_bytes()
    text = must(ledger.run("dvc", "repro", "-f", timeout=3600))
    stages = text.count("> vlmflow dvc run ")
    assert text.count("re-made, same digest") == stages > 35 and "other digest" not in text
    assert (ledger.root / "dvc.lock").read_bytes() == lock and (ledger.root / SCORE).read_bytes() == score
    assert ledger.planned() == Counter() and CLEAN in must(ledger.run("dvc", "repro"))


@pytest.mark.long
def test_a_clone_that_must_fetch_again_trains_only_what_changed(restored: Project) -> None:
    head, tail = (restored.root / "studies/mini.yaml").read_text().split("  full:\n    start: pretrained")
    edited = head + "  full:\n    start: pretrained" + tail.replace("1.0e-3", "2.0e-3", 1)
    (restored.root / "studies/mini.yaml").write_text(edited)
    must(restored.make())
    worked = [
        path.stem
        for path in (restored.root / "results/mini/records/train").glob("*.json")
        if not json.loads(path.read_text())["reused"]
    ]
    again = [name for name in worked if "reused" in (restored.root / f"results/mini/logs/train/{name}.log").read_text()]
    assert "full" in worked and again == []


@pytest.mark.long
def test_a_server_with_the_s3_protocol_carries_everything(ledger: Project, tmp_path: Path) -> None:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        address = "http://{}:{}".format(*server.get_host_and_port())
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
        make = f"import boto3; boto3.client('s3', endpoint_url='{address}').create_bucket(Bucket='studies')"
        must(ledger.run("python", "-c", make, **keys))
        must(ledger.run("dvc", "remote", "add", "-q", "-d", "bucket", "s3://studies/one"))
        must(ledger.run("dvc", "remote", "modify", "bucket", "endpointurl", address))
        must(ledger.run(*GIT, "commit", "-q", "-a", "-m", "a bucket"))
        must(ledger.run("dvc", "push", "-q", **keys))
        must(ledger.run("git", "clone", "-q", ".", str(tmp_path / "elsewhere")))
        elsewhere = Project(tmp_path / "elsewhere")
        must(elsewhere.run("dvc", "pull", "-q", **keys))
        assert "41 of 41 stages are verified and current." in restore(elsewhere)
        assert elsewhere.planned() == Counter()
    finally:
        server.stop()
