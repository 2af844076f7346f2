"""Write dvc.yaml from the workflow, so that only Snakemake's rules describe stages."""

from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline_lib.lineage.dvc.stages import Stage

HEADER = "# Written by `vlmflow dvc sync` from the workflow. Edit the study and the rules, then sync again.\n"
IDENTITY = "identity"  # the stage that writes the settings and code of all others
TABLE = "reproduced"  # the stage that prints the results of a reproduction
SMALL = ("manifest", "score", "verdict", "page")  # every stage has at least one of these outputs
CODE = ["Snakefile", "requirements.lock", "rules", "src/pipeline_lib", "workflow_scripts"]


def identity_path(results: Path) -> str:
    """Return the path of the identities of a study's stages."""
    return (results / "identity.json").as_posix()


def pipeline(stages: list[Stage], study_file: Path, results: Path, option: str) -> dict[str, Any]:
    """Return the content of dvc.yaml; `option` selects the study on the command line, empty for the default one.

    No command names cores or a profile: a change of either would make every stage stale. No output has `persist`,
    with which DVC could record old bytes for new code.
    """
    identities = identity_path(results)
    entries: dict[str, Any] = {
        IDENTITY: {
            "cmd": f"vlmflow dvc identity{option}",
            "deps": sorted([*CODE, study_file.as_posix()]),
            "outs": [identities],
        }
    }
    for stage in stages:
        entries[stage.name] = _entry(stage, identities, option)
    made = sorted({path for stage in stages for path in _small(stage)})
    entries[TABLE] = {"cmd": "vlmflow dvc table", "deps": made}
    return {"stages": entries}


def pipeline_text(content: dict[str, Any]) -> str:
    """Return dvc.yaml as text."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 200
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = StringIO()
    yaml.dump(content, text)
    return HEADER + text.getvalue()


def _entry(stage: Stage, identities: str, option: str) -> dict[str, Any]:
    metrics = stage.of("score") if stage.rule == "gather" else []
    curves = stage.of("curve")
    entry: dict[str, Any] = {"cmd": f"vlmflow dvc run {stage.name}{option}"}
    if stage.inputs:
        entry["deps"] = stage.inputs
    entry["params"] = [{identities: [stage.name]}]
    outs = [path for path in stage.outputs if path not in (*metrics, *curves)]
    if outs:
        entry["outs"] = outs
    if metrics:
        entry["metrics"] = metrics
    if curves:
        entry["plots"] = [{path: {"x": "step", "y": "loss"}} for path in curves]
    return entry


def _small(stage: Stage) -> list[str]:
    """Return the files of a stage whose digests stand for all that it made."""
    return next(filter(None, map(stage.of, SMALL)), [])
