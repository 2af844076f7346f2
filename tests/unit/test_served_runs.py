"""Runs and judges behind servers in a study: what is refused, what decides their bytes, and what rehearsals do."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline_lib.config import stages
from pipeline_lib.config.load import load_study
from pipeline_lib.config.paths import Paths
from pipeline_lib.config.places import place_problems
from pipeline_lib.config.study import Study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.workflow.parameters import plugins_of
from pipeline_lib.workflow.resources import gpus
from tests.project import ROOT

ENGINE = {"name": "openai", "model": "stub", "url": "https://example.org/v1/"}
SERVER = {"name": "server", "program": {"name": "vllm", "kvcache_gb": 3, "options": ["--enforce-eager"]}}
KEY = "sk-0123456789abcdefghij"


def study(
    path: Path,
    run: dict[str, Any] | None = None,
    judge: dict[str, Any] | None = None,
    name: str = "mini",
    **changes: Any,
) -> Study:
    """Return a study, on GPUs, with a further run `served`, and with MM-Vet judged."""
    tree = YAML(typ="safe").load(ROOT / f"studies/{name}.yaml")
    tree["runs"]["served"] = {"engine": ENGINE} if run is None else run
    if judge is not None:
        tree["benchmarks"]["mm_vet"] = {"judge": judge, "images": ["mini_test_scenes"]}
    with (path / "study.yaml").open("w") as file:
        YAML().dump({**tree, "device": "cuda", **changes}, file)
    return load_study(path / "study.yaml")


def test_a_served_run_asks_for_no_gpu_and_depends_on_no_model(tmp_path: Path) -> None:
    settings = stages.predict(study(tmp_path), "served", "pope")
    assert (gpus(settings), settings.threads, settings.numerics) == (None, 1, "native")
    assert (settings.family, settings.template, settings.seed) == (None, None, None)
    assert plugins_of(settings) == ["pipeline_lib.benchmarks.pope:questions", "pipeline_lib.engines.openai"]
    assert Paths(study(tmp_path), "results").model_manifests(study(tmp_path).runs["served"].model) == []
    assert gpus(stages.predict(study(tmp_path), "full", "pope")) == 1


def test_what_computes_a_local_model_is_no_part_of_a_served_answer(tmp_path: Path) -> None:
    first = stages.predict(study(tmp_path), "served", "pope").canonical()
    assert stages.predict(study(tmp_path, threads=7, device="cpu", seed=9), "served", "pope").canonical() == first


def test_how_the_server_is_reached_is_no_part_of_an_answer_and_what_is_sent_is(tmp_path: Path) -> None:
    def settings(**engine: Any) -> str:
        return stages.predict(study(tmp_path, {"engine": {**ENGINE, **engine}}), "served", "pope").canonical()

    access = {"key": "SOME_KEY", "concurrency": 2, "budget": {"money": 1}, "prices": {"input": 1, "output": 2}}
    assert settings(access=access) == settings()
    assert len({settings(**change) for change in ({}, {"model": "b"}, {"system": "Be brief."}, {"sends": []})}) == 4
    means = stages.predict(study(tmp_path, {"engine": {**ENGINE, "access": access}}), "served", "pope").means()
    assert '"SOME_KEY"' in means and "access" not in stages.predict(study(tmp_path), "full", "pope").means()


def test_a_judge_behind_a_server_needs_no_dataset_of_replies(tmp_path: Path) -> None:
    judge = {"name": "openai", "url": "http://127.0.0.1/v1", "runs": 3, "access": {"concurrency": 1}}
    judged = study(tmp_path, judge=judge)
    settings = stages.judge(judged, "served", "mm_vet")
    assert "concurrency" not in settings.canonical()
    assert '"concurrency":1' in settings.means().replace(" ", "")
    assert stages.judge(judged, "served", "pope").means() == "{}"


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ({"engine": ENGINE, "model": "full"}, "runs.served.model: the engine openai runs no checkpoint"),
        ({}, "runs.served: the engine transformers needs a model of the study"),
        ({"engine": {"name": "openai", "model": "m"}}, "runs.served.engine: the key `url` is missing"),
        ({"engine": {**ENGINE, "url": "example.org"}}, "begins with http:// or https://"),
        ({"engine": {**ENGINE, "sends": ["temprature"]}}, "engine.sends.0"),
        ({"engine": {**ENGINE, "parameters": {"max_tokens": 3}}}, "`max_tokens` is written by this workflow"),
        ({"engine": {**ENGINE, "access": {"budget": {"money": 3}}}}, "a budget of money needs `prices`"),
        ({"engine": {**ENGINE, "access": {"key": "A", "key_file": "~/b"}}}, "give key or key_file, not both"),
        ({"engine": {**ENGINE, "access": {"concurency": 3}}}, "did you mean 'concurrency'"),
        ({"engine": SERVER}, "runs.served: the engine server needs a model of the study"),
        ({"engine": {"name": "server"}, "model": "full"}, "runs.served.engine: the key `program` is missing"),
        ({"engine": {**SERVER, "program": "vlm"}, "model": "full"}, "did you mean 'vllm'"),
        ({"engine": {**SERVER, "program": {"name": "vllm", "port": 1}}, "model": "full"}, "program.port: unknown key"),
        (
            {"engine": {**SERVER, "program": {"name": "command", "command": ["ovms"]}}, "model": "full"},
            "an argument must have `{port}`",
        ),
    ],
)
def test_a_mistake_is_named_when_the_study_is_read(tmp_path: Path, run: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineError) as raised:
        study(tmp_path, run)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "engine",
    [
        {**ENGINE, "access": {"key": KEY}},
        {**ENGINE, "access": {"key": [KEY]}},
        {**ENGINE, "access": {"api_key": KEY}},
        {**ENGINE, "access": {"key_file": KEY}},
        {**ENGINE, "api_key": KEY},
        {**ENGINE, "parameters": {"api_key": KEY}},
        {**ENGINE, "parameters": {"user": KEY}},
        {**SERVER, "program": {"name": "vllm", "options": ["--api-key", KEY]}},
        {**ENGINE, "url": f"https://user:{KEY}@example.org/v1"},
        {**ENGINE, "url": f"https://example.org/v1?api_key={KEY}"},
    ],
)
def test_a_key_in_the_study_is_refused_and_not_shown(tmp_path: Path, engine: dict[str, Any]) -> None:
    with pytest.raises(PipelineError) as raised:
        study(tmp_path, {"engine": engine})
    assert "not shown" in str(raised.value) and KEY not in str(raised.value)


def test_a_check_of_this_machine_misses_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = study(tmp_path, {"engine": {**ENGINE, "access": {"key": "SOME_KEY"}}})
    monkeypatch.delenv("SOME_KEY", raising=False)
    (problem,) = [each for each in place_problems(served) if each.key[0] == "runs"]
    assert problem.key == ("runs", "served", "engine", "access")
    assert problem.what == "the key of the server is not set (where: variable SOME_KEY)"
    monkeypatch.setenv("SOME_KEY", KEY)
    assert [each for each in place_problems(served) if each.key[0] == "runs"] == []


def test_a_smoke_run_asks_no_server(tmp_path: Path) -> None:
    small = study(tmp_path, name="llava15_half", smoke=True)
    assert small.runs and "served" not in small.runs
    with pytest.raises(PipelineError, match="a smoke run asks no server"):
        study(tmp_path, name="llava15_half", smoke=True, runs={"served": {"engine": ENGINE}})


def test_a_part_of_a_study_is_asked_with_the_same_access(tmp_path: Path) -> None:
    run = {"engine": {**ENGINE, "access": {"concurrency": 3}}}
    limited = study(tmp_path, run, limit={"questions": 5})
    assert '"concurrency":3' in stages.predict(limited, "served", "pope").means().replace(" ", "")


def served_by(path: Path, changes: dict[str, Any] | None = None, **others: Any) -> Study:
    """Return a study whose run `served` is a checkpoint that vLLM serves."""
    return study(path, {"model": "full", "engine": {**SERVER, **(changes or {})}}, **others)


def test_a_served_checkpoint_depends_on_its_export_and_on_no_code_of_the_local_engine(tmp_path: Path) -> None:
    settings = stages.predict(served_by(tmp_path), "served", "pope")
    used = ["families.llava.model:export", "prompts.vicuna_v1", "benchmarks.pope:questions", "engines.server"]
    assert sorted(plugins_of(settings)) == sorted(f"pipeline_lib.{name}" for name in [*used, "servers.vllm"])
    assert (gpus(settings), settings.numerics) == (1, "native")
    assert gpus(stages.predict(served_by(tmp_path, {"gpus": 4}), "served", "pope")) == 4


def test_what_decides_the_answers_of_a_served_checkpoint_is_no_means_of_its_server(tmp_path: Path) -> None:
    def settings(**changes: Any) -> str:
        return stages.predict(served_by(tmp_path, changes), "served", "pope").canonical()

    same = {"gpus": 2, "ready_within": 5, "program": {**SERVER["program"], "kvcache_gb": 9, "executable": "/opt/vllm"}}
    assert settings(**same) == settings()
    others = ({"program": "vllm"}, {"program": "transformers"}, {"sends": []}, {"reasoning": "think"})
    versions = ({"program": {**SERVER["program"], "version": version}} for version in ("1", "2"))
    assert len({settings(**changes) for changes in ({}, *others, *versions)}) == 7
    means = stages.predict(served_by(tmp_path), "served", "pope").means().replace(" ", "")
    assert '"kvcache_gb":3' in means and '"ready_within":1800' in means


def test_what_a_model_reads_at_once_counts_where_answers_depend_on_it(tmp_path: Path) -> None:
    def settings(**engine: Any) -> str:
        run = {"model": "full", "engine": {"name": "transformers", **engine}}
        return stages.predict(study(tmp_path, run, numerics="native"), "served", "pope").canonical()

    assert settings(tokens=64) == settings() == settings(processes=2)
    assert settings(precision="bfloat16", tokens=64) != settings(precision="bfloat16")
    assert settings(precision="bfloat16", processes=2) == settings(precision="bfloat16")


def test_rehearsals_keep_the_server_on_real_data_and_ask_stand_ins_themselves(tmp_path: Path) -> None:
    limited = stages.predict(served_by(tmp_path, limit={"questions": 5}), "served", "pope")
    assert '"kvcache_gb":3' in limited.means().replace(" ", "") and limited.engine.name == "server"
    small = study(tmp_path, {"model": "half", "engine": SERVER}, name="llava15_half", smoke=True)
    assert small.runs["served"].engine.name == "transformers"


def test_a_check_of_this_machine_misses_the_program(tmp_path: Path) -> None:
    program = {"name": "vllm", "executable": str(tmp_path / "vllm")}
    served = served_by(tmp_path, {"program": program})
    (problem,) = [each for each in place_problems(served) if each.key[0] == "runs"]
    assert problem.key == ("runs", "served", "engine", "program")
    assert problem.what == f"vLLM is not installed here (value: '{tmp_path / 'vllm'}')"
    (tmp_path / "vllm").touch(mode=0o755)
    assert [each for each in place_problems(served) if each.key[0] == "runs"] == []
