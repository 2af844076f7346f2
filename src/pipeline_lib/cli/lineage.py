"""`vlmflow lineage`: from a number to the bytes, code, settings and machine that made it."""

import typer

from pipeline_lib.cli.accept import accept
from pipeline_lib.cli.check import check
from pipeline_lib.cli.lineage_diff import diff
from pipeline_lib.cli.lineage_export import export
from pipeline_lib.cli.lineage_find import find
from pipeline_lib.cli.lineage_impact import impact
from pipeline_lib.cli.lineage_publish import publish
from pipeline_lib.cli.lineage_quote import quote
from pipeline_lib.cli.lineage_show import show
from pipeline_lib.cli.lineage_sign import audit, sign
from pipeline_lib.cli.lineage_trace import trace
from pipeline_lib.cli.lineage_verify import verify
from pipeline_lib.cli.why import why

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.callback()
def _group() -> None:
    """From a number to what made it."""


app.command(name="show")(show)
app.command(name="find")(find)
app.command(name="diff")(diff)
app.command(name="verify")(verify)
app.command(name="trace")(trace)
app.command(name="impact")(impact)
app.command(name="quote")(quote)
app.command(name="export")(export)
app.command(name="sign")(sign)
app.command(name="audit")(audit)
app.command(name="check")(check)
app.command(name="why")(why)
app.command(name="accept")(accept)
app.command(name="publish")(publish)
