"""`vlmflow lineage sign` and `audit`: a hash chain over all records, its signature, and what differs from it."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline_lib.cli.options import JsonOption
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json
from pipeline_lib.lineage.chain import CHAIN, extend, read_chain
from pipeline_lib.lineage.chain import audit as audit_chain
from pipeline_lib.lineage.signature import sign_file, signature_of, signer_of

ChainOption = Annotated[Path, typer.Option("--chain", help="the file of the chain; keep it in git")]


def sign(
    key: Annotated[Path | None, typer.Option("--key", help="an SSH key that signs the chain")] = None,
    chain: ChainOption = CHAIN,
    json: JsonOption = False,
) -> None:
    """Add all new and changed records to the chain, and sign it."""
    added = extend(chain)
    if key is None and added and signature_of(chain).is_file():
        signature_of(chain).unlink()  # it is of the shorter chain
    signature = None if key is None else sign_file(chain, key)
    if json:
        typer.echo(
            pretty_json({"chain": str(chain), "added": added, "signature": signature and str(signature)}), nl=False
        )
        return
    signed = f"signed in {signature}" if signature else "not signed: --key KEY signs it"
    typer.echo(f"{chain}: {added} records added, {len(read_chain(chain))} lines, {signed}")


def audit(
    signers: Annotated[
        Path | None, typer.Option("--signers", help="a file of allowed signers, in the form of ssh-keygen")
    ] = None,
    identity: Annotated[str | None, typer.Option("--identity", help="the signer; by default any allowed one")] = None,
    chain: ChainOption = CHAIN,
    json: JsonOption = False,
) -> None:
    """Name the first record altered, removed or inserted since the chain was signed; --json lists all."""
    faults = audit_chain(chain)
    if json:
        typer.echo(pretty_json([asdict(fault) for fault in faults]), nl=False)
    if faults and not json:
        first = faults[0]
        value = f"{first.kind}; {len(faults)} in all"
        cure = "vlmflow check names altered artefacts; if the change is yours: vlmflow lineage sign"
        raise PipelineError(first.text, where=first.where, value=value, cure=cure)
    signed = _signed(chain, signers, identity)
    if not json:
        typer.echo(
            f"{len(read_chain(chain))} lines follow from each other, and all records are as in the chain; {signed}"
        )
    raise typer.Exit(bool(faults))


def _signed(chain: Path, signers: Path | None, identity: str | None) -> str:
    """Return what is known of the signature; a missing one is an error only if signers are named."""
    if signers is None and not signature_of(chain).is_file():
        return "it is not signed"
    return signer_of(chain, signers, identity)
