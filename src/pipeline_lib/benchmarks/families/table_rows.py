"""Read the rows of question files, JSON Lines or Parquet, with the position of each, and leave repeated ones out."""

from pathlib import Path
from typing import Any, Iterator, Sequence, TypeVar

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.reading import open_file
from pipeline_lib.core.text import read_rows_with_place

Placed = tuple[str, dict[str, Any]]
Row = TypeVar("Row")


def is_repeated(seen: dict[str | int, Row], name: str | int, row: Row, where: str) -> bool:
    """Return whether an equal row of this id was seen, else note it; a different one raises PipelineError."""
    if name not in seen:
        seen[name] = row
        return False
    if seen[name] != row:
        cure = "fetch the file again, or keep one of them"
        raise PipelineError("another question of the same id", where=where, value=name, cure=cure)
    return True


def read_table(path: Path, columns: Sequence[str]) -> Iterator[Placed]:
    """Yield the named columns of every row: of a Parquet file, of those below a folder by name, or of JSON Lines.

    A column that a file lacks is left out; pictures in other columns are not read.
    """
    if path.is_dir():
        files = sorted(path.rglob("*.parquet"))
        if not files:
            raise PipelineError(
                "no Parquet file below this folder",
                where=path,
                cure="name the folder that holds them",
            )
        for file in files:
            yield from _parquet(file, columns)
    elif path.suffix == ".parquet":
        yield from _parquet(path, columns)
    else:
        for where, row in read_rows_with_place(path):
            yield where, {name: row[name] for name in columns if name in row}


def _parquet(path: Path, columns: Sequence[str]) -> Iterator[Placed]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with open_file(path) as file:
        try:
            table = pq.ParquetFile(file)
            present = [name for name in columns if name in table.schema_arrow.names]
            rows = table.read(columns=present).to_pylist()
        except (pa.ArrowException, OSError, ValueError) as error:
            what = f"not a complete Parquet file: {str(error)[:200]}"
            raise PipelineError(what, where=path, cure="fetch the file again: it is cut off") from error
    for number, row in enumerate(rows, 1):
        yield f"{path}, row {number}", row
