"""`vlmflow ask`: ask a model of the study, a server or a checkpoint one question, as a check before a long run."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline_lib.cli.options import StudyOption
from pipeline_lib.cli.standing import checkpoint_of
from pipeline_lib.config.asked_model import asked_model
from pipeline_lib.config.load import DEFAULT, load_study, results_folder, study_path
from pipeline_lib.images.pixels import PixelRule
from pipeline_lib.machine import gpus
from pipeline_lib.machine.environment import check_environment, fix_numerics

if TYPE_CHECKING:
    from pipeline_lib.inference.ask import Answer

FOLDER = Path(".vlmflow/ask")
LONGEST = 512  # tokens


def ask(
    model: Annotated[
        str, typer.Argument(help="a run, a training or weights of the study, or a checkpoint's folder", metavar="MODEL")
    ],
    question: Annotated[str, typer.Argument(help="the question, without template and image tokens")],
    image: Annotated[list[Path] | None, typer.Option(help="an image file; several for several images")] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, max=1_000_000, help="longest answer, in tokens")] = LONGEST,
    temperature: Annotated[float, typer.Option(min=0, max=2, help="0: the likeliest tokens")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="seed of the draws at a temperature above 0")] = 0,
    pixels: Annotated[PixelRule, typer.Option(help="the rule that turns images into RGB")] = "llava",
    verbose: Annotated[
        bool, typer.Option("--verbose", help="also print prompt, tokens, seconds, and why the answer stopped")
    ] = False,
    study: StudyOption = DEFAULT,
) -> None:
    """Print the answer of a model to a question."""
    tree = load_study(study_path(study))
    named = asked_model(model, tree, results_folder(study, tree))
    how = named.settings(temperature=temperature, seed=seed if temperature else None)
    check_environment(how.numerics)
    fix_numerics(how)
    folder, _ = checkpoint_of(named, study)
    if how.device == "cuda":
        gpus.take(named.engine.processes_at_once())
    from pipeline_lib.inference.ask import Asking
    from pipeline_lib.inference.ask import ask as ask_model  # slow imports

    FOLDER.mkdir(parents=True, exist_ok=True)  # on the project's disk: a server gets an export of the checkpoint
    with TemporaryDirectory(dir=FOLDER) as temporary:
        asking = Asking(question, tuple(image or ()), max_new_tokens, pixels)
        log = Path(f"{temporary}.log")  # stays where the answer fails: the error names it
        answer = ask_model(named.engine, folder, how, asking, Path(temporary), log)
        log.unlink(missing_ok=True)
    if verbose:
        typer.echo(_details(answer), err=True)
    typer.echo(answer.reply.text)


def _details(answer: "Answer") -> str:
    """Return the prompt, and what is known of the answer."""
    reply = answer.reply
    facts = {"tokens": reply.tokens, "stopped at": reply.stop, "seconds": f"{answer.seconds:.1f}", **reply.facts}
    lines = [f"prompt: {answer.prompt}", *(f"{name}: {value}" for name, value in facts.items())]
    return "\n".join(lines)
