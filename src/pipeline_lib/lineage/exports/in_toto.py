"""An in-toto statement with SLSA provenance for an artefact.

Sources of the forms: in-toto-attestation 0.9.3 (`v1/statement.py`), https://slsa.dev/provenance/v1.
"""

from importlib.metadata import version
from typing import Any

from pipeline_lib.lineage.ancestors import job_name
from pipeline_lib.lineage.exports.files import ended, verified_files
from pipeline_lib.lineage.public import HOST, public
from pipeline_lib.lineage.records import Made

STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
NAMESPACE = "urn:vlmflow"


def statement(made: Made) -> dict[str, Any]:
    """Return the statement about an artefact whose bytes were read; a missing or altered file raises PipelineError."""
    subject = [{"name": file.path, "digest": {"sha256": file.sha256}} for file in verified_files(made)]
    predicate = {"buildDefinition": _definition(made), "runDetails": _details(made)}
    return {"_type": STATEMENT, "subject": subject, "predicateType": PROVENANCE, "predicate": predicate}


def _definition(made: Made) -> dict[str, Any]:
    record = made.record
    machine = {name: value for name, value in record.making["machine"].items() if name not in ("node", HOST)}
    return {
        "buildType": f"{NAMESPACE}:stage:{record.stage}",
        "externalParameters": {"settings": public(record.settings)},
        "internalParameters": {"code": record.code, "modules": record.modules, "machine": public(machine)},
        "resolvedDependencies": _dependencies(made),
    }


def _dependencies(made: Made) -> list[dict[str, Any]]:
    record, repository = made.record, made.record.making["repository"]
    inputs = [{"name": name, "digest": {"sha256": digest}} for name, digest in record.inputs.items()]
    commit, lock = repository.get("commit"), repository.get("lock")
    code = [{"name": "repository", "digest": {"gitCommit": commit}}] if commit else []
    locked = [{"name": "requirements.lock", "digest": {"sha256": lock}}] if lock else []
    libraries = [
        {"uri": f"pkg:pypi/{name}@{str(release).replace('+', '%2B')}", "name": name}
        for name, release in record.libraries.items()
    ]
    return [*inputs, *code, *locked, *libraries]


def _details(made: Made) -> dict[str, Any]:
    record = made.record
    times = {"startedOn": record.making["started"], "finishedOn": ended(record)}
    builder = {"id": f"{NAMESPACE}:job", "version": {"vlmflow": version("vlmflow")}}
    return {"builder": builder, "metadata": {"invocationId": job_name(record), **times}}
