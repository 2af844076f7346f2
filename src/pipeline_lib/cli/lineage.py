"""`vlmflow lineage`: from a number to the bytes, code, settings and machine that made it."""

import typer

from pipeline_lib.cli.command_group import CommandGroup


class LineageCommands(CommandGroup):
    """The group of these commands."""

    modules = {
        **{"show": "lineage_show", "find": "lineage_find", "diff": "lineage_diff", "verify": "lineage_verify"},
        **{"trace": "lineage_trace", "impact": "lineage_impact", "quote": "lineage_quote", "export": "lineage_export"},
        **{"sign": "lineage_sign", "audit": "lineage_sign", "check": "check", "why": "why", "accept": "accept"},
        "publish": "lineage_publish",
    }


app = typer.Typer(cls=LineageCommands, no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    """From a number to what made it."""
