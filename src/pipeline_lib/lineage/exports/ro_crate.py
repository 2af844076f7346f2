"""A Workflow Run RO-Crate (Provenance Run Crate 0.5) of a result: the workflow, its stages, and every job above.

Sources of the form: https://w3id.org/ro/crate/1.1, and ResearchObject/workflow-run-crate,
`docs/profiles/0.1-DRAFT/provenance_run_crate.md`, whose requirements tests/unit/test_lineage_export.py checks.
"""

from pathlib import Path
from typing import Any, Iterable
from urllib.parse import quote

from pipeline_lib.core.text import canonical_json
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.lineage.ancestors import ancestors, job_name, narrowed
from pipeline_lib.lineage.exports.files import ListedFile, ended, recorded_files
from pipeline_lib.lineage.pointer import Reference
from pipeline_lib.lineage.public import public
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.sentences import sentence

Entity = dict[str, Any]

CRATE = "https://w3id.org/ro/crate/1.1"
WORKFLOW = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
CONTEXT = [f"{CRATE}/context", "https://w3id.org/ro/terms/workflow-run/context"]
PROFILES = {
    **{
        f"https://w3id.org/ro/wfrun/{name}/0.5": f"{name.title()} Run Crate"
        for name in ("process", "workflow", "provenance")
    },
    WORKFLOW: "Workflow RO-Crate",
}
MAIN, ENGINE, LANGUAGE = "Snakefile", "#snakemake", "#snakemake-language"
LICENSE = "LICENSE"


def crate(records: Records, reference: Reference) -> Entity:
    """Return the content of `ro-crate-metadata.json`, which belongs in the project's folder."""
    result = narrowed(records, reference)
    above = ancestors(records, [result])
    stages = list(dict.fromkeys(record.stage for record in above))
    outputs = {name: digest for record in above for name, digest in record.outputs.items()}
    files = {file.path: file for name, digest in outputs.items() for file in recorded_files(records.root, name, digest)}
    actions = [entity for record in above for entity in _job(record)]
    parts = [*_workflow(stages), *(_file(file) for file in files.values())]
    graph = [
        _descriptor(),
        _root(result, above, parts),
        *_profiles(),
        *parts,
        *_run(result, above),
        *actions,
        *_engine(),
    ]
    return {"@context": CONTEXT, "@graph": graph}


def _ref(identifier: str) -> Entity:
    return {"@id": identifier}


def _refs(identifiers: Iterable[str]) -> list[Entity]:
    return [_ref(identifier) for identifier in identifiers]


def _path(path: str) -> str:
    return quote(path)


def _script(stage: str) -> str:
    return f"workflow_scripts/{stage}.py"


def _identifier(kind: str, record: MadeRecord) -> str:
    return f"#{kind}-{quote(job_name(record).replace(' ', '-'), safe='')}"


def _descriptor() -> Entity:
    about = {"about": _ref("./"), "conformsTo": _refs([CRATE, WORKFLOW])}
    return {"@id": "ro-crate-metadata.json", "@type": "CreativeWork", **about}


def _root(result: str, above: list[MadeRecord], parts: list[Entity]) -> Entity:
    last = max(ended(record) for record in above)
    described = sentence(above[-1]) or result
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Lineage of {result}",
        "description": public(described),
        "datePublished": last,
        "license": _ref(LICENSE),
        "conformsTo": _refs(PROFILES),
        "mainEntity": _ref(MAIN),
        "hasPart": _refs([LICENSE, *(part["@id"] for part in parts if "File" in part["@type"])]),
        "mentions": _refs(["#run", *(_identifier("job", record) for record in above)]),
    }


def _profiles() -> list[Entity]:
    profiles: list[Entity] = [
        {"@id": url, "@type": "CreativeWork", "name": name, "version": url.rsplit("/", 1)[1]}
        for url, name in PROFILES.items()
    ]
    return [*profiles, {"@id": LICENSE, "@type": ["File", "CreativeWork"], "name": "Licence of the workflow's code"}]


def _workflow(stages: list[str]) -> list[Entity]:
    """Return the workflow, and a step and a tool for every stage."""
    main: Entity = {
        "@id": MAIN,
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "name": "vlmflow",
        "programmingLanguage": _ref(LANGUAGE),
        "hasPart": _refs(map(_script, stages)),
        "step": _refs(f"#step-{stage}" for stage in stages),
    }
    steps: list[Entity] = [
        {"@id": f"#step-{stage}", "@type": "HowToStep", "position": str(position), "workExample": _ref(_script(stage))}
        for position, stage in enumerate(stages)
    ]
    tools: list[Entity] = [
        {"@id": _script(stage), "@type": ["File", "SoftwareSourceCode"], "name": stage} for stage in stages
    ]
    return [main, *steps, *tools]


def _file(file: ListedFile) -> Entity:
    size = {} if file.size is None else {"contentSize": str(file.size)}
    return {"@id": _path(file.path), "@type": "File", "name": Path(file.path).name, "sha256": file.sha256, **size}


def _run(result: str, above: list[MadeRecord]) -> list[Entity]:
    """Return the run of the workflow, and the organisation of its steps."""
    first = min(record.making["started"] for record in above)
    sources = [name for record in above if not record.inputs for name in record.outputs]
    times = {"startTime": first, "endTime": max(ended(record) for record in above)}
    run = {"instrument": _ref(MAIN), "object": _refs(map(_path, sources)), "result": _refs([_path(result)])}
    organised = {"instrument": _ref(ENGINE), "result": _ref("#run")}
    return [
        {"@id": "#run", "@type": "CreateAction", "name": f"Making {result}", **times, **run},
        {
            "@id": "#organisation",
            "@type": "OrganizeAction",
            "name": "Snakemake runs the stages",
            **organised,
            "object": _refs(_identifier("control", record) for record in above),
        },
    ]


def _job(record: MadeRecord) -> list[Entity]:
    """Return the run of a stage's script, its settings, and the control of its step."""
    settings = _identifier("settings", record)
    times = {"startTime": record.making["started"], "endTime": ended(record)}
    action = {
        "@id": _identifier("job", record),
        "@type": "CreateAction",
        "name": job_name(record),
        "instrument": _ref(_script(record.stage)),
        "object": _refs([*map(_path, record.inputs), settings]),
        "result": _refs(map(_path, record.outputs)),
        "actionStatus": "http://schema.org/CompletedActionStatus",
        **times,
    }
    value = {"@type": "PropertyValue", "name": "settings", "value": canonical_json(public(record.settings))}
    control = {"instrument": _ref(f"#step-{record.stage}"), "object": _ref(action["@id"])}
    return [
        action,
        {"@id": settings, **value},
        {"@id": _identifier("control", record), "@type": "ControlAction", "name": job_name(record), **control},
    ]


def _engine() -> list[Entity]:
    return [
        {"@id": ENGINE, "@type": "SoftwareApplication", "name": "Snakemake"},
        {"@id": LANGUAGE, "@type": "ComputerLanguage", "name": "Snakemake"},
    ]
