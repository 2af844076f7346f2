"""The options that several commands share: `--study NAME`, and `--look`."""

from typing import Annotated

import typer


def known_study(name: str | None) -> str | None:
    """Return the name of a study as it is; a name without a study raises PipelineError with a suggestion."""
    if name is not None:
        from pipeline_lib.config.load import study_path  # slow to import, and not every command has a study

        study_path(name)
    return name


HELP = "`config` for config.yaml, or NAME for studies/NAME.yaml"

StudyOption = Annotated[str, typer.Option("--study", metavar="NAME", callback=known_study, help=HELP)]
OneStudyOption = Annotated[
    str | None,
    typer.Option("--study", metavar="NAME", callback=known_study, help=f"{HELP}; by default all that have records"),
]
RunsStudyOption = Annotated[
    str | None,
    typer.Option("--study", metavar="NAME", callback=known_study, help=f"whose runs you name: {HELP}"),
]
LookOption = Annotated[bool, typer.Option("--look", help="look at the files of sources of any size")]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON")]
