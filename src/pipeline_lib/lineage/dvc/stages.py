"""DVC stages: the jobs of a rule that differ only in their shard, and which of their outputs DVC stores."""

from dataclasses import dataclass
from typing import Any

from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import canonical_json
from pipeline_lib.lineage.jobs import AssessedJob

SHARD = "shard"


@dataclass(frozen=True)
class Stage:
    """One stage of dvc.yaml: its jobs, the files that they depend on, and the files and folders that DVC stores."""

    name: str
    rule: str
    jobs: list[AssessedJob]
    inputs: list[str]
    outputs: list[str]

    def of(self, output: str) -> list[str]:
        """Return the paths of a named output of the jobs; empty where the rule has no such output."""
        return [job.outputs[output] for job in self.jobs if output in job.outputs]


def stages(plan: list[AssessedJob]) -> list[Stage]:
    """Return the stages of a plan, sorted by name.

    Raw files are pinned by their manifest and not stored, except those that scoring reads: without them no answer
    could be scored again. Two sets of wildcards with the same stage name raise PipelineError.
    """
    groups: dict[str, list[AssessedJob]] = {}
    for job in plan:
        groups.setdefault(_name(job), []).append(job)
    scored = {path for job in plan if job.rule == "score" for path in job.reads}
    return [_stage(name, jobs, scored) for name, jobs in sorted(groups.items())]


def identity(stage: Stage) -> dict[str, Any]:
    """Return what decides a stage's bytes besides its inputs: settings, code, libraries, and the rule's command.

    Settings that differ between shards are replaced by one digest.
    """
    first = stage.jobs[0]
    all_settings = [job.settings for job in stage.jobs]
    settings = {key: value for key, value in first.settings.items() if all(s[key] == value for s in all_settings)}
    if len(settings) < len(first.settings):
        settings["shards"] = digest_text(canonical_json(all_settings))[:16]
    return {
        "settings": _without_paths(settings),
        "code": first.code_digest,
        "libraries": first.libraries,
        "command": first.shell,
    }


def _without_paths(value: Any) -> Any:
    """Return settings with a digest for every absolute path: the ledger does not publish a machine's folders."""
    if isinstance(value, dict):
        return {key: _without_paths(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_paths(item) for item in value]
    if isinstance(value, str) and value.startswith("/"):
        return f"path {digest_text(value)[:16]}"
    return value


def _name(job: AssessedJob) -> str:
    parts = [value for name, value in job.wildcards.items() if name != SHARD]
    return "-".join([job.rule, *parts])


def _stage(name: str, jobs: list[AssessedJob], scored: set[str]) -> Stage:
    fixed = {canonical_json({k: v for k, v in job.wildcards.items() if k != SHARD}) for job in jobs}
    if len(fixed) > 1:
        raise PipelineError("two jobs of the study have the same stage name", value=name, cure="rename one of them")
    outputs = {path for job in jobs for out, path in job.outputs.items() if out != "raw" or path in scored}
    inputs = {path for job in jobs for path in (*job.inputs, *job.waits_for)}
    return Stage(name, jobs[0].rule, jobs, sorted(inputs), sorted(outputs))
