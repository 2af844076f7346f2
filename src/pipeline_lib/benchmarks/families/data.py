"""Where the data of benchmarks come from: datasets as a study defines them, and what is known about them.

Unknown is None: a licence, or the digest (`sha256`) of a download, which the first fetch then pins.
"""

from dataclasses import dataclass
from typing import Any, Mapping


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


LLAVA_EVAL = "1atZSBBrAX54yYpxtVVW33zFvcnaHeFPy"  # eval.zip on Google Drive, with LLaVA's question files

DIGIT_SCENES = {"kind": "digits_scenes", "part": "test", "scenes": 20}  # stand-in for images

COCO_VAL2014 = Dataset(
    source={
        "kind": "archive",
        "url": "http://images.cocodataset.org/zips/val2014.zip",
        "sha256": None,
        "below": "val2014",
    },
    licence="Flickr Terms of Use",
    smoke={"kind": "digits_stand_in", "form": "coco_val2014"},
    shards=4,
    convert="keep",
)

COCO_TRAIN2014 = Dataset(
    source={
        "kind": "archive",
        "url": "http://images.cocodataset.org/zips/train2014.zip",
        "sha256": None,
        "below": "train2014",
    },
    licence="Flickr Terms of Use",
    smoke={"kind": "digits_stand_in", "form": "coco_train2014"},
    shards=4,
    convert="keep",
)
