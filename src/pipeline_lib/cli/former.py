"""Refuse the former `vlmflow COMMAND STUDY`, and print the command with `--study`; remove after one release."""

import shlex
from typing import Any

import typer
from typer.core import TyperCommand

from pipeline_lib.core.errors import suggest


class FormerlyPositional(TyperCommand):
    """A command without arguments, whose study was an argument before it became the option `--study`."""

    allow_extra_args = True

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the options; a study as an argument ends the program with exit code 2."""
        words = list(args)
        extra = super().parse_args(ctx, args)
        if extra and not ctx.resilient_parsing:
            if len(extra) > 1 or any(word.split("=")[0] == "--study" for word in words):
                ctx.fail(f"this command takes no argument: {shlex.join(extra)}")
            words.remove(extra[0])
            typer.echo(f"error: {_sentence(ctx.command_path, words, extra[0])}", err=True)
            raise typer.Exit(2)
        return extra


def _sentence(command_path: str, options: list[str], study: str) -> str:
    from pipeline_lib.config.load import study_names  # slow to import, and seldom needed

    command = shlex.join(["vlmflow", *command_path.split()[1:], *options, "--study", study])
    known = study_names()
    hint = "" if study in known else f"; there is no such study: {suggest(study, known)}"
    return f"the study is an option now: {command}{hint}"
