"""The code of a job covers the plug-ins that its settings name, and its settings name all that its script can load."""

import ast
import importlib.util
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Iterable, Iterator, get_args, get_origin

import pytest

from pipeline_lib.config import stages
from pipeline_lib.config.benchmark_data import MEMBERS
from pipeline_lib.config.load import load_study
from pipeline_lib.config.study import Study
from pipeline_lib.core.annotated import annotated
from pipeline_lib.core.plugins import NamesPlugin, Plugin, PluginName, load, module_name, names
from pipeline_lib.core.settings import Settings
from pipeline_lib.engines.base import ASKED
from pipeline_lib.job.code.digest import module_path, reach
from pipeline_lib.machine.numerics import DeviceSettings
from pipeline_lib.models.family import Family
from pipeline_lib.report.discovery import section_names
from pipeline_lib.report.settings import SectionName
from pipeline_lib.training.settings import TRAINING
from pipeline_lib.workflow.parameters import StageJobs, plugins_of
from tests.project import ROOT

SCRIPTS = sorted((ROOT / "workflow_scripts").glob("*.py"))
MEMBERS_OF = {
    "benchmark": {*MEMBERS, "submission", "request", "recorded"}
    - {"PROTOCOLS"},  # the guard allows PROTOCOLS to every job
    "family": {*Family.__annotations__, *(name for name in vars(Family) if not name.startswith("_"))},
}
RETURNING = {"load_benchmark": "benchmark", "load_family": "family", "family_of": "family"}
LOADERS = {"load_section": "report"}  # functions that load plug-ins of one kind
LLAVA = "pipeline_lib.families.llava.model"
NOT_CALLED = {"submit": {"gold"}}  # `check_questions(scored=False)` reads no gold answers


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(ROOT / "config.yaml")


def test_a_training_uses_its_recipe_its_template_and_its_models_family(study: Study) -> None:
    assert plugins_of(stages.train(study, "full")) == [
        *("pipeline_lib.recipes.full", "pipeline_lib.prompts.vicuna_v1"),
        *(f"{LLAVA}:{member}" for member in TRAINING),
    ]
    assert plugins_of(stages.train(study, "tower")) == ["pipeline_lib.recipes.contrastive"]


def test_a_prediction_uses_questions_template_family_and_engine_and_no_scorer(study: Study) -> None:
    assert plugins_of(stages.predict(study, "full", "pope")) == [
        *(f"{LLAVA}:{member}" for member in ASKED),
        "pipeline_lib.prompts.vicuna_v1",
        *("pipeline_lib.benchmarks.pope:questions", "pipeline_lib.engines.transformers"),
    ]


def test_a_name_that_is_only_recorded_is_no_part_of_the_code() -> None:
    study = load_study(ROOT / "studies/evaluate.yaml")
    made = [stages.weights(study, name) for name in study.weights]
    assert any(settings.make.model_template() for settings in made)
    uses = {use for settings in made for use in plugins_of(settings)}
    assert not [use for use in uses if ".prompts." in use] and "pipeline_lib.weights.pretrained" in uses


def test_a_job_names_the_plug_ins_behind_the_digest_of_its_code(study: Study) -> None:
    jobs = StageJobs(ROOT / "workflow_scripts/sample.py", lambda wildcards: stages.sample(study, wildcards["subset"]))
    digest, *plugins = jobs.code({"subset": "half"}).split()
    assert len(digest) == 16 and plugins == ["pipeline_lib.sampling.digest_rank"]
    assert jobs.settings({"subset": "half"}) is jobs.settings({"subset": "half"})


class Part(Settings):
    """Settings in other settings."""

    template: Annotated[str, PluginName("prompts")] = "plain"


class Whole(Settings):
    """Plug-ins in every position."""

    first: Annotated[str, PluginName("benchmarks", members=("questions", "gold"))] = "pope"
    absent: Annotated[str, PluginName("prompts")] | None = None
    recorded: Annotated[str, PluginName("prompts", loaded=False)] = "plain"
    choice: Annotated[str, PluginName("prompts")] | int | None = "llama_2"
    parts: list[Part] = [Part(template="llava_v0"), Part()]
    by_name: dict[str, Annotated[str, PluginName("prompts")]] = {"a": "llava_v1"}
    also: tuple[Part, ...] = (Part(),)
    pair: tuple[int, Annotated[str, PluginName("prompts")]] = (1, "mistral_instruct")


class Several(Settings):
    """A type in which no annotation is followed."""

    templates: frozenset[Annotated[str, PluginName("prompts")]] = frozenset({"plain"})


def test_plug_ins_are_found_in_lists_mappings_and_alternatives() -> None:
    assert plugins_of(Whole()) == [
        *("pipeline_lib.benchmarks.pope:questions", "pipeline_lib.benchmarks.pope:gold"),
        *(f"pipeline_lib.prompts.{name}" for name in ("llama_2", "llava_v0", "plain", "llava_v1", "mistral_instruct")),
    ]
    keys = [key for key, _, _ in annotated(Whole(), PluginName)]
    assert keys[2:] == [
        *(("choice",), ("parts", 0, "template"), ("parts", 1, "template"), ("by_name", "a"), ("also", 0, "template")),
        ("pair", 1),
    ]
    with pytest.raises(TypeError, match="templates"):
        plugins_of(Several())


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_settings_of_a_stage_name_every_kind_of_plug_in_that_its_script_can_load(script: Path) -> None:
    named = list(annotations(settings_of(script)))
    uses = {use for annotation in named for use in all_uses(annotation)}
    code = list(reached(script, uses))
    kinds = {annotation.kind for annotation in named if not isinstance(annotation, PluginName) or annotation.loaded}
    assert loaded_kinds(code) == kinds
    assert used_members(code) - NOT_CALLED.get(script.stem, set()) == {use.partition(":")[2] for use in uses} - {""}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_stage_with_a_device_takes_its_gpus(script: Path) -> None:
    model = settings_of(script)
    assert issubclass(model, DeviceSettings) or not {"device", "devices"} & model.model_fields.keys()


def settings_of(script: Path) -> type[Settings]:
    """Return the class that a script names in its call `run("stage", Class, …)`."""
    module = imported(script)
    calls = [node for node in ast.walk(ast.parse(script.read_text())) if isinstance(node, ast.Call)]
    (name,) = [ast.unparse(call.args[1]) for call in calls if ast.unparse(call.func) == "run"]
    model: type[Settings] = getattr(module, name)
    return model


def imported(script: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"script_{script.stem}", script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def annotations(model: type[Settings]) -> Iterator[NamesPlugin]:
    """Yield the annotations of a class of settings, and of the settings of every plug-in that they may hold."""
    for field in model.model_fields.values():
        yield from within(field.annotation, field.metadata)


def within(hint: Any, metadata: Iterable[Any]) -> Iterator[NamesPlugin]:
    for annotation in (each for each in metadata if isinstance(each, NamesPlugin)):
        yield annotation
        for name in names(annotation.kind) if isinstance(annotation, Plugin) else []:
            yield from annotations(load(annotation.kind, name).Settings)
    if isinstance(hint, type) and issubclass(hint, Settings):
        yield from annotations(hint)
    parts = get_args(hint)
    if get_origin(hint) is Annotated:
        yield from within(parts[0], parts[1:])
    else:
        for part in parts:
            yield from within(part, ())


def all_uses(annotation: NamesPlugin) -> list[str]:
    """Return what jobs use of all plug-ins of a kind."""
    if isinstance(annotation, PluginName):
        uses = [use for name in names(annotation.kind) for use in annotation.used_by(name)]
        return [use for use in uses if has_member(*use.partition(":"))]
    if isinstance(annotation, SectionName):
        return [use for name in section_names() for use in annotation.used_by(name)]
    return [module_name(annotation.kind, name) for name in names(annotation.kind)]


def has_member(module: str, colon: str, member: str) -> bool:
    """Return whether a benchmark has this member; only some have a submission."""
    return not colon or hasattr(import_module(module), member)


def reached(script: Path, uses: Iterable[str]) -> Iterator[ast.stmt]:
    """Yield the statements that count in the code digest of a job with any plug-in."""
    code = reach(script, *sorted(uses))
    for module in code.modules:
        path = script if module == script.name else module_path(module)
        for statement in ast.parse(path.read_text()).body if path else []:  # the order of imports has no file
            if module not in code.names or defined_by(statement) & code.names[module]:
                yield statement


def defined_by(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def loaded_kinds(code: list[ast.stmt]) -> set[str]:
    """Return the kinds in the calls `load("kind", …)`, and those of the functions in LOADERS."""
    nodes = [node for statement in code for node in ast.walk(statement) if isinstance(node, ast.Call)]
    calls = [(node.func.id, node) for node in nodes if isinstance(node.func, ast.Name)]
    kinds = [call.args[0] for name, call in calls if name == "load"]
    own = {LOADERS[name] for name, _ in calls if name in LOADERS}
    return own | {str(kind.value) for kind in kinds if isinstance(kind, ast.Constant)}


def used_members(code: list[ast.stmt]) -> set[str]:
    """Return the members of benchmarks and families in expressions such as `benchmark.gold`."""
    nodes = [node for statement in code for node in ast.walk(statement) if isinstance(node, ast.Attribute)]
    return {node.attr for node in nodes if node.attr in MEMBERS_OF.get(plugin_kind(node.value), set())}


def plugin_kind(node: ast.expr) -> str:
    """Return "benchmark" or "family" for an expression that is one: by its name, by the function that returns it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return plugin_kind(node.args[1]) if node.func.id == "cast" else RETURNING.get(node.func.id, "")
    return node.id if isinstance(node, ast.Name) else ""
