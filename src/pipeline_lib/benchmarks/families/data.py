"""Where the data of benchmarks come from: datasets as a study defines them, and what is known about them.

A benchmark module states `Sources`, from which `Data` follow for a study. Unknown is None: a licence, or the digest
(`sha256`) of a download, which the first fetch then pins.
"""

from dataclasses import KW_ONLY, dataclass
from pathlib import PurePosixPath
from typing import Any, Mapping, Sequence
from urllib.parse import quote


@dataclass(frozen=True)
class Dataset:
    """A dataset as an entry of `datasets` in a study, with the licence of its content.

    `smoke` is the source that replaces it in a smoke run.
    """

    source: Mapping[str, Any]
    licence: str | None
    smoke: Mapping[str, Any] | None = None
    shards: int = 1
    convert: str | None = None
    prefix: str = ""

    def entry(self) -> dict[str, Any]:
        """Return the entry of a study."""
        entry = {"source": dict(self.source), "shards": self.shards, "convert": self.convert, "prefix": self.prefix}
        return {**entry, "smoke": None if self.smoke is None else dict(self.smoke)}


@dataclass(frozen=True)
class Data:
    """The datasets of a benchmark by the names that studies give them, and which of them holds what.

    `dataset` holds the questions, `gold` the gold answers if it is a different one, `images` the images. `files` are
    the paths of `questions` and, if there is such a file or folder, `gold`.
    """

    datasets: Mapping[str, Dataset]
    dataset: str
    files: Mapping[str, str]
    images: tuple[str, ...] = ()
    gold: str | None = None

    def use(self) -> dict[str, Any]:
        """Return the keys of a benchmark in a study that name its data."""
        return {"dataset": self.dataset, "gold": self.gold, "files": dict(self.files), "images": list(self.images)}


@dataclass(frozen=True)
class StandIn:
    """Files about digit scenes in the form of a benchmark's, which replace a dataset in a smoke run.

    The form has the benchmark's name unless `form` is another; `only` is a pattern of the files' names.
    """

    only: str | None = None
    form: str | None = None
    scenes: int | None = None

    def source(self, benchmark: str, names: Sequence[str]) -> dict[str, Any]:
        """Return the source."""
        form = self.form or benchmark
        return _stated(kind="digits_stand_in", form=form, only=self.only, scenes=self.scenes)


@dataclass(frozen=True)
class DigitAnswers:
    """Files of the real names about eight digit scenes; `content` is as in the source `digits_answers`."""

    content: str

    def source(self, benchmark: str, names: Sequence[str]) -> dict[str, Any]:
        """Return the source of files of these names."""
        return {"kind": "digits_answers", "part": "test", "scenes": 8, "files": dict.fromkeys(names, self.content)}


@dataclass(frozen=True)
class Origin:
    """A dataset by the name that studies give it, where it comes from, and what replaces it in a smoke run.

    `file` is the path of the questions or of the gold answers in it, `prefix` stands before the names of its images.
    """

    name: str
    _: KW_ONLY
    file: str = ""
    prefix: str = ""
    smoke: StandIn | DigitAnswers | Mapping[str, Any] | None = None
    licence: str | None = None
    shards: int = 1

    def source(self) -> dict[str, Any]:
        """Return the source, as a study states it."""
        raise NotImplementedError

    def path(self) -> str:
        """Return the path of its questions or gold answers."""
        return self.file

    def names(self) -> Sequence[str]:
        """Return the names of its files, as far as they are known."""
        return [self.path()]

    def dataset(self, benchmark: str, convert: str | None) -> Dataset:
        """Return the dataset of a benchmark."""
        smoke = self.smoke
        if isinstance(smoke, StandIn | DigitAnswers):
            smoke = smoke.source(benchmark, self.names())
        return Dataset(self.source(), self.licence, smoke, self.shards, convert, self.prefix)


@dataclass(frozen=True)
class File(Origin):
    """A file from a URL, whose name it has."""

    url: str
    sha256: str | None = None

    def source(self) -> dict[str, Any]:
        """Return the source, as a study states it."""
        return _stated(kind="file", url=self.url, sha256=self.sha256)

    def path(self) -> str:
        """Return the name of the file."""
        return self.file or PurePosixPath(self.url).name


@dataclass(frozen=True)
class FileList(Origin):
    """Several files, whose URLs begin alike; `folder` is the one that they are put into, `digests` their sha256."""

    site: str
    listed: tuple[str, ...]
    folder: str = ""
    digests: Mapping[str, str] | None = None

    def source(self) -> dict[str, Any]:
        """Return the source, as a study states it."""
        first, *others = (self._file(name, path) for name, path in zip(self.listed, self.names(), strict=True))
        return {"kind": "file", **first, "also": others}

    def path(self) -> str:
        """Return the folder, or the first file where there is no folder."""
        return self.file or self.folder or self.listed[0]

    def names(self) -> Sequence[str]:
        """Return the paths of all files."""
        return [(PurePosixPath(self.folder) / name).as_posix() for name in self.listed]

    def _file(self, name: str, path: str) -> dict[str, Any]:
        digest = (self.digests or {}).get(name)
        return _stated(url=self.site + quote(name), name=path if self.folder else None, sha256=digest)


@dataclass(frozen=True)
class Archive(Origin):
    """The files of an archive, or those `below` a folder in it; the path is by default its name without the suffix."""

    url: str
    below: str | None = None

    def source(self) -> dict[str, Any]:
        """Return the source, as a study states it."""
        return _stated(kind="archive", url=self.url, below=self.below)

    def path(self) -> str:
        """Return the path of its questions or gold answers."""
        return self.file or PurePosixPath(self.url).stem


@dataclass(frozen=True)
class Drive(Origin):
    """The files of an archive on Google Drive by its id, or those `below` a folder in it."""

    id: str
    below: str | None = None

    def source(self) -> dict[str, Any]:
        """Return the source, as a study states it."""
        return _stated(kind="google_drive", id=self.id, below=self.below)


@dataclass(frozen=True)
class Hub(Origin):
    """Files of a repository of data on the hub, whose names have one of the patterns `listed`."""

    repository: str
    listed: tuple[str, ...]
    revision: str = "main"

    def source(self) -> dict[str, Any]:
        """Return the source, as a study states it."""
        return {"kind": "hub", "repository": self.repository, "revision": self.revision, "files": [*self.listed]}


@dataclass(frozen=True)
class Folder(Origin):
    """A folder of this machine, as `site:NAME/...`."""

    folder: str

    def source(self) -> dict[str, Any]:
        """Return the source, as a study states it."""
        return {"kind": "folder", "path": self.folder}


@dataclass(frozen=True)
class Manual(Origin):
    """At least `expect` files that a user fetches from a page, by its `terms`, and puts into a folder."""

    page: str
    folder: str
    expect: int
    terms: str = "as that page states"

    def source(self) -> dict[str, Any]:
        """Return the source, as a study states it."""
        terms = {"page": self.page, "licence": self.terms}
        return {"kind": "manual", **terms, "path": self.folder, "expect": self.expect}


@dataclass(frozen=True)
class Sources:
    """Where the questions of a benchmark, its gold answers and its images come from.

    Without `images` they are in the dataset of the questions; `gold` is a file or folder of that dataset, or a dataset.
    """

    questions: Origin
    images: Origin | tuple[Origin, ...] = ()
    gold: Origin | str | None = None

    def data(self, benchmark: str) -> Data:
        """Return the datasets of a benchmark of this name; images are kept as they are."""
        images = self.images if isinstance(self.images, tuple) else (self.images,)
        pictures, gold = images or (self.questions,), self.gold
        origins = [self.questions, *([gold] if isinstance(gold, Origin) else []), *pictures]
        path = gold.path() if isinstance(gold, Origin) else gold
        return Data(
            {each.name: each.dataset(benchmark, "keep" if each in pictures else None) for each in origins},
            dataset=self.questions.name,
            files=_stated(questions=self.questions.path(), gold=path),
            images=tuple(each.name for each in pictures),
            gold=gold.name if isinstance(gold, Origin) else None,
        )


def _stated(**values: Any) -> dict[str, Any]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


LLAVA_EVAL = "1atZSBBrAX54yYpxtVVW33zFvcnaHeFPy"  # eval.zip on Google Drive, with LLaVA's question files

DIGIT_SCENES = {"kind": "digits_scenes", "part": "test", "scenes": 20}  # stand-in for images

COCO_VAL2014 = Archive(
    "coco_val2014",
    "http://images.cocodataset.org/zips/val2014.zip",
    below="val2014",
    licence="Flickr Terms of Use",
    smoke=StandIn(form="coco_val2014"),
    shards=4,
)

COCO_TRAIN2014 = Archive(
    "coco_train2014",
    "http://images.cocodataset.org/zips/train2014.zip",
    below="train2014",
    licence="Flickr Terms of Use",
    smoke=StandIn(form="coco_train2014"),
    shards=4,
)
