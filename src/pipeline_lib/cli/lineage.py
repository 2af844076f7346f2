"""`vlmflow lineage`: from a number to the bytes, code, settings and machine that made it."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS = {  # the module of each command, in the order of the help; imported when it is called, for a quick start
    **{"show": "lineage_show", "find": "lineage_find", "diff": "lineage_diff", "verify": "lineage_verify"},
    **{"trace": "lineage_trace", "impact": "lineage_impact", "quote": "lineage_quote", "export": "lineage_export"},
    **{"sign": "lineage_sign", "audit": "lineage_sign", "check": "check", "why": "why", "accept": "accept"},
    "publish": "lineage_publish",
}


class LineageCommands(TyperGroup):
    """The group of these commands; each is a function of its name in its module."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        names: dict[str, Any] = dict.fromkeys(COMMANDS)
        self.commands = names  # one is suggested in place of a misspelt one

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, name: str) -> Any:
        """Return a command, None if there is none of this name."""
        if name not in COMMANDS:
            return None
        alone = typer.Typer(add_completion=False)
        alone.command(name=name)(getattr(import_module(f"pipeline_lib.cli.{COMMANDS[name]}"), name))
        command = typer.main.get_command(alone)
        command.name = name
        return command


app = typer.Typer(cls=LineageCommands, no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    """From a number to what made it."""
