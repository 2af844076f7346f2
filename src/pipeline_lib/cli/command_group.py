"""A group of commands, each imported when it is called, for a quick start."""

from importlib import import_module
from typing import Any, ClassVar, Mapping

import typer
from typer.core import TyperCommand, TyperGroup


class CommandGroup(TyperGroup):
    """A group whose subclass names its commands; a module has `app`, a group, or a function of a command's name.

    `modules` is the module of each command in `pipeline_lib.cli`, in the order of the help; `classes` those of some.
    """

    modules: ClassVar[Mapping[str, str]] = {}
    classes: ClassVar[Mapping[str, type[TyperCommand]]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        names: dict[str, Any] = dict.fromkeys(self.modules)
        self.commands = names  # one is suggested in place of a misspelt one

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return list(self.modules)

    def get_command(self, ctx: Any, name: str) -> Any:
        """Return a command, None if there is none of this name."""
        if name not in self.modules:
            return None
        module = import_module(f"pipeline_lib.cli.{self.modules[name]}")
        app = getattr(module, "app", None)
        if app is None:
            app = typer.Typer(add_completion=False)
            app.command(name=name, cls=self.classes.get(name, TyperCommand))(getattr(module, name))
        command = typer.main.get_command(app)
        command.name = name
        return command
