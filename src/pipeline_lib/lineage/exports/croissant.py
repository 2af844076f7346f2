"""A table, subset, image index or file of verdicts as a Croissant dataset; mlcroissant 1.1.1 loads it.

Source of the form: mlcroissant 1.1.1, `Metadata.to_json`.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.lineage.ancestors import artefact_of
from pipeline_lib.lineage.exports.files import ListedFile, ended, verified_files
from pipeline_lib.lineage.public import public
from pipeline_lib.lineage.records import Made
from pipeline_lib.lineage.sentences import sentence

VOCABULARY = "http://mlcommons.org/croissant/"
TERMS = (
    *("citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format"),
    *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": VOCABULARY,
    "dct": "http://purl.org/dc/terms/",
    "rai": f"{VOCABULARY}RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in TERMS},
}


def dataset(made: Made) -> dict[str, Any]:
    """Return the metadata of an artefact's Parquet file, verified; an artefact without one raises PipelineError."""
    files = [file for file in verified_files(made) if file.path == f"{artefact_of(made.path)}.parquet"]
    if not files:
        cure = "name a table, subset or image index: data/tables/NAME, results/subsets/NAME, data/images/NAME/index"
        raise PipelineError("a Croissant dataset here is one Parquet file", where=made.path, cure=cure)
    (file,) = files
    name = file.path.removesuffix(".parquet").replace("/", "-")
    identifier = Path(file.path).name
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": name,
        "description": public(sentence(made.record) or f"{file.path}, made by the stage {made.record.stage}."),
        "conformsTo": f"{VOCABULARY}1.0",
        "datePublished": ended(made.record),
        "url": file.path,
        "version": "1.0.0",
        "distribution": [_file_object(file, identifier)],
        "recordSet": [_rows(Path(file.path), identifier)],
    }


def _file_object(file: ListedFile, identifier: str) -> dict[str, Any]:
    about = {"contentUrl": file.path, "encodingFormat": "application/x-parquet", "sha256": file.sha256}
    return {"@type": "cr:FileObject", "@id": identifier, "name": identifier, "contentSize": f"{file.size} B", **about}


def _rows(path: Path, identifier: str) -> dict[str, Any]:
    schema = parquet.read_schema(path)
    fields = [_field(column, identifier) for column in schema if not _is_nested(column.type)]
    return {"@type": "cr:RecordSet", "@id": "rows", "name": "rows", "field": fields}


def _field(column: pa.Field, identifier: str) -> dict[str, Any]:
    source = {"fileObject": {"@id": identifier}, "extract": {"column": column.name}}
    listed = pa.types.is_list(column.type)
    kind = _data_type(column.type.value_type if listed else column.type)
    repeated = {"repeated": True} if listed else {}
    about = {"name": column.name, "dataType": kind, "source": source, **repeated}
    return {"@type": "cr:Field", "@id": f"rows/{column.name}", **about}


def _is_nested(kind: pa.DataType) -> bool:
    """Return whether a column holds objects, which a flat field cannot describe: the turns of conversations."""
    return bool(pa.types.is_list(kind) and pa.types.is_struct(kind.value_type))


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"
