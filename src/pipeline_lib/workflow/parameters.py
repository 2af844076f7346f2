"""The parameters of a rule: its jobs' settings, `cfg`, and `code` and `libs`; they decide whether a job is stale."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Generic, TypeVar

from pipeline_lib.core.annotated import annotated
from pipeline_lib.core.plugins import NamesPlugin
from pipeline_lib.core.settings import Settings
from pipeline_lib.job.code.digest import code_digest, reach
from pipeline_lib.job.code.libraries import installed_libraries
from pipeline_lib.workflow.startup import workflow_errors

S = TypeVar("S", bound=Settings)


def plugins_of(settings: Settings) -> list[str]:
    """Return the plug-ins that the settings of a job name, or their definitions that it uses, each once."""
    uses = (use for _, name, value in annotated(settings, NamesPlugin) for use in name.used_by(value))
    return list(dict.fromkeys(uses))


@dataclass(frozen=True)
class StageJobs(Generic[S]):
    """The jobs of one rule: its script, and the settings of the job that some wildcards name.

    Snakemake calls `cfg`, `code` and `libs` with the wildcards of a job. The settings are built once for each job.
    """

    script: Path
    build: Callable[[Any], S]
    _built: dict[tuple[tuple[str, str], ...], S] = field(default_factory=dict)

    def settings(self, wildcards: Any) -> S:
        """Return the settings of a job."""
        key = tuple(wildcards.items())
        if key not in self._built:
            self._built[key] = self.build(wildcards)
        return self._built[key]

    def cfg(self, wildcards: Any) -> str:
        """Return the settings of a job as one line of JSON."""
        return self.settings(wildcards).canonical()

    @workflow_errors()
    def code(self, wildcards: Any) -> str:
        """Return the digest of the code that a job runs, followed by the plug-ins that the digest covers."""
        plugins = plugins_of(self.settings(wildcards))
        return " ".join([code_digest(self.script, *plugins), *plugins])

    @workflow_errors()
    def libs(self, wildcards: Any) -> str:
        """Return the versions of the libraries that a job's code imports, on which its output depends."""
        libraries = reach(self.script, *plugins_of(self.settings(wildcards))).libraries
        return " ".join(f"{name}=={version}" for name, version in installed_libraries(libraries).items())
