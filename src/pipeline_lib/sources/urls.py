"""Source `urls`: the images in a list of URLs, such as OCR-VQA's `dataset.json`; dead links are listed.

An image is named as by OCR-VQA's own loader: the id and the suffix of the URL. LLaVA saves all as `.jpg`
(https://github.com/haotian-liu/LLaVA, README: "we save all files as `.jpg`"): `suffix: .jpg`. A list without ids, such
as LLaVA-OA's `url.csv`, needs `parts`: the last parts of a URL's path are the name.
"""

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, model_validator

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.fields import typed
from pipeline_lib.core.urls import without_queries
from pipeline_lib.downloads.names import is_url
from pipeline_lib.sources.base import Failure, Location, SourceSettings, shard_pin, without_secret

if TYPE_CHECKING:
    from pipeline_lib.downloads.store import Store

CHANGES = False
Paths = list[str]  # in the settings, `list` is a key
ATTEMPTS = 4  # for each image; a missing one must not cost a minute


class Settings(SourceSettings):
    """Which list to read, and the fields of its entries."""

    kind: Literal["urls"]
    list: Location = Field(
        description="URL or path of the list: .json (ids to objects, or a list), .jsonl, .csv or .tsv"
    )
    sha256: str | None = Field(
        default=None, description="the list's expected digest; null: the digest of the first fetch is pinned"
    )
    id_field: str | None = Field(default=None, description="the field with the id; null: the keys of a JSON object")
    url_field: str = Field(default="imageURL", description="the field with the URL")
    suffix: str | None = Field(default=None, description="the suffix of every name; null: that of the image's URL")
    parts: int | None = Field(
        default=None, ge=1, le=20, description="instead of an id: how many parts of the URL, from its end, are the name"
    )
    unreachable: float = Field(default=0.0, ge=0, le=1, description="largest share of a shard's links that may be dead")

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if self.parts is not None and (self.id_field is not None or self.suffix is not None):
            raise ValueError("give parts, or id_field and suffix: both name the images")
        return self

    def tolerance(self) -> float:
        """Return the share of dead links that the study allows."""
        return self.unreachable

    def local_places(self) -> "Paths":
        """Return the list, if it is a path on this machine."""
        return [] if is_url(self.list) else [self.list]

    def pins(self, shards: int) -> dict[str, str | None]:
        """Return the list with its digest, and the files of every shard, pinned by their first fetch."""
        naming = self.model_dump(include={"id_field", "url_field", "suffix", "parts"}, exclude_defaults=True)
        files = " ".join([self.list, *(f"{key}={value}" for key, value in sorted(naming.items()))])
        return {self.list: self.sha256, **{shard_pin(files, shard, shards): None for shard in range(shards)}}


def list_names(settings: Settings, seed: int) -> list[str]:
    """Return the names of all images of the list, dead links included."""
    return [name for name, _ in _links(settings)]


def fetch(settings: Settings, seed: int, names: list[str], folder: Path) -> list[Failure]:
    """Put the named images below `folder`, and return those whose link is dead."""
    from pipeline_lib.downloads.pace import site_retry_policy
    from pipeline_lib.downloads.store import Store

    wanted = set(names)
    links = [(name, url) for name, url in _links(settings) if name in wanted]
    with Store(policy=site_retry_policy(ATTEMPTS)) as store:
        failures = _fetch_all(store, links, folder)
    return sorted(failures, key=lambda failure: failure.name)


def _fetch_all(store: "Store", links: list[tuple[str, str]], folder: Path) -> list[Failure]:
    from pipeline_lib.downloads.pool import at_once
    from pipeline_lib.job.progress import Progress

    failures = []
    progress = Progress("images", len(links))
    results = at_once(lambda link: _fetch_one(store, *link, folder), links, store.stop)
    for done, failure in enumerate(results, start=1):
        failures += [failure] if failure else []
        progress.at(done, f", {len(failures)} dead links")
    return failures


def _fetch_one(store: "Store", name: str, url: str, folder: Path) -> Failure | None:
    from pipeline_lib.downloads.pace import UnreachableError
    from pipeline_lib.downloads.store import put
    from pipeline_lib.downloads.transfer import WebFile

    try:
        path = store.file(WebFile(url))
    except UnreachableError as error:
        return Failure(name, url, error.reason)
    if path.stat().st_size == 0:
        return Failure(name, url, "empty")
    put(path, folder / name)
    return None


def _links(settings: Settings) -> list[tuple[str, str]]:
    """Return name and URL of every image of the list."""
    from pipeline_lib.downloads.store import Store

    with Store() as store:
        path = store.pinned(settings.list, settings.sha256)
    links = [_link(index, entry, settings) for index, entry in enumerate(_entries(path, settings))]
    return _distinct(links, settings.list)


def _distinct(links: list[tuple[str, str]], where: str) -> list[tuple[str, str]]:
    """Return links, a repeated one once; PipelineError where two addresses have the same name."""
    urls: dict[str, str] = {}
    for name, url in links:
        if urls.setdefault(name, url) != url:
            what, cure = "two entries have the same name and other addresses", "correct the list, or raise `parts`"
            raise PipelineError(what, where=where, value=[name, *map(without_queries, (urls[name], url))], cure=cure)
    return list(urls.items())


def _link(index: int, entry: tuple[Any, Any], settings: Settings) -> tuple[str, str]:
    from pipeline_lib.downloads.names import is_url, name_in_url, safe_name

    where = f"{settings.list}, entry {index}"
    identity, url = entry
    named = settings.parts is not None or isinstance(identity, (str, int))
    if not named or not isinstance(url, str) or not is_url(url):
        cure = "name the right fields with `id_field` and `url_field`"
        raise PipelineError("this entry has no id or no URL", where=where, value=entry, cure=cure)
    try:
        without_secret(url)
    except ValueError as error:
        raise PipelineError(str(error), where=where, value=without_queries(url)) from error
    if settings.parts is not None:
        return safe_name("/".join(_path_parts(url, settings.parts, where)), where), url
    suffix = PurePosixPath(name_in_url(url)).suffix if settings.suffix is None else settings.suffix
    if not suffix:
        raise PipelineError("this URL has no suffix for the image's name", where=where, value=url, cure="set `suffix`")
    return safe_name(f"{identity}{suffix}", where), url


def _path_parts(url: str, count: int, where: str) -> list[str]:
    """Return the last parts of a URL's path; PipelineError if it has fewer."""
    parts = [unquote(part) for part in urlsplit(url).path.split("/") if part]
    if len(parts) < count:
        raise PipelineError(f"this URL has fewer than {count} parts", where=where, value=url, cure="lower `parts`")
    return parts[-count:]


def _entries(path: Path, settings: Settings) -> list[tuple[Any, Any]]:
    """Return id and URL of every entry, None where an entry lacks one."""
    rows = _rows(path, PurePosixPath(settings.list.partition("?")[0]).suffix.lower(), settings.list)
    if isinstance(rows, dict) and settings.id_field is None:
        return [(key, _field(row, settings.url_field) if isinstance(row, dict) else row) for key, row in rows.items()]
    rows = list(rows.values()) if isinstance(rows, dict) else typed(rows, list, settings.list, "a list of links")
    return [(_field(row, settings.id_field), _field(row, settings.url_field)) for row in rows]


def _field(row: Any, name: str | None) -> Any:
    return row.get(name) if isinstance(row, dict) else None


def _rows(path: Path, suffix: str, where: str) -> Any:
    from pipeline_lib.core.text import read_json, read_lines

    if suffix == ".json":
        return read_json(path)
    if suffix == ".jsonl":
        return list(read_lines(path))
    if suffix in (".csv", ".tsv"):
        return _table(path, "," if suffix == ".csv" else "\t")
    raise PipelineError("a list must be .json, .jsonl, .csv or .tsv", where=where, value=suffix)


def _table(path: Path, delimiter: str) -> list[dict[str, Any]]:
    """Return the rows of a table; a row that is longer than the header, or cannot be parsed, raises PipelineError."""
    import csv
    from io import StringIO

    from pipeline_lib.core.reading import read_text
    from pipeline_lib.core.tsv import refuse_repeated

    reader = csv.DictReader(StringIO(read_text(path), newline=""), delimiter=delimiter, strict=True)
    try:
        refuse_repeated(reader.fieldnames or [], path)
        rows = list(reader)
    except csv.Error as error:
        raise PipelineError(f"this table cannot be read: {error}", where=f"{path}:{reader.line_num}") from error
    for number, row in enumerate(rows, 1):
        if None in row:
            raise PipelineError("more fields than the header has", where=f"{path}, row {number}", value=row[None])
    return rows
