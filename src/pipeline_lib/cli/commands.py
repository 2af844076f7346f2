"""The commands of `vlmflow`: each is the module of its name, imported when it is called, for a quick start."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from pipeline_lib.cli.former import FormerlyPositional

COMMANDS: dict[str, type[TyperCommand]] = {
    **dict.fromkeys(("config", "lineage", "dvc", "train", "ask", "score", "compare", "refine"), TyperCommand),
    **dict.fromkeys(("plan", "show"), FormerlyPositional),
    **dict.fromkeys(("status", "gradcam", "export", "why", "check", "accept", "doctor", "disk", "clean"), TyperCommand),
}  # in the order of the help


class Commands(TyperGroup):
    """The group of all commands; a module has `app`, a group of its own, or a function of its name."""

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
        module = import_module(f"pipeline_lib.cli.{name}")
        app = getattr(module, "app", None)
        if app is None:
            app = typer.Typer(add_completion=False)
            app.command(name=name, cls=COMMANDS[name])(getattr(module, name))
        command = typer.main.get_command(app)
        command.name = name
        return command
