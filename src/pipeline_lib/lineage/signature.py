"""Signatures of files with SSH keys: `ssh-keygen -Y` (OpenSSH 8.1 or newer, `man ssh-keygen`)."""

import subprocess
from pathlib import Path

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.commands import ask

NAMESPACE = "vlmflow"
SUFFIX = ".sig"


def signature_of(path: Path) -> Path:
    """Return the path of a file's signature."""
    return path.with_name(path.name + SUFFIX)


def sign_file(path: Path, key: Path) -> Path:
    """Sign a file with a private key, or with a public one whose private key an agent holds; return the signature."""
    if not key.is_file():
        raise PipelineError("there is no such key", where=key, cure="make one: ssh-keygen -t ed25519")
    signature = signature_of(path)
    signature.unlink(missing_ok=True)
    _, fault = ask("ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(path), seconds=120)
    if fault:
        raise PipelineError("ssh-keygen could not sign", where=path, value=fault.splitlines()[-1], cure="check the key")
    return signature


def signer_of(path: Path, signers: Path | None, identity: str | None) -> str:
    """Return who signed a file, as ssh-keygen says; a wrong signature or signer raises PipelineError.

    `signers` is a file of allowed signers in the form of ssh-keygen; without it only the signature's key is checked.
    """
    signature = signature_of(path)
    if not signature.is_file():
        raise PipelineError("there is no signature", where=signature, cure="vlmflow lineage sign --key KEY")
    options = ["-n", NAMESPACE, "-s", str(signature)]
    if signers is None:
        return _verified(["check-novalidate", *options], path)
    if identity is None:
        identity = _verified(["find-principals", "-f", str(signers), "-s", str(signature)], path).splitlines()[0]
    return _verified(["verify", "-f", str(signers), "-I", identity, *options], path)


def _verified(options: list[str], path: Path) -> str:
    """Return what ssh-keygen prints about a file."""
    with path.open("rb") as content:
        try:
            done = subprocess.run(
                ["ssh-keygen", "-Y", *options], stdin=content, capture_output=True, text=True, timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PipelineError("ssh-keygen does not run here", value=str(error), cure="install OpenSSH") from error
    if done.returncode:
        value = (done.stderr or done.stdout).strip().splitlines()
        cure = "the file or its signature was altered, or another key signed it"
        raise PipelineError("the signature is not valid", where=path, value=value[-1] if value else "", cure=cure)
    return done.stdout.strip()
