"""Open pins: downloads of a study that neither the study nor `studies/pins.lock` pins."""

from pipeline_lib.config.partial import limited_datasets
from pipeline_lib.config.study import Dataset, Study
from pipeline_lib.downloads.pins import Pins
from pipeline_lib.sources.base import shard_pin


def open_pins(study: Study) -> list[str]:
    """Return the names of the open pins of a study, sorted; what they stand for may be other bytes tomorrow."""
    known = Pins().all()
    limited = limited_datasets(study)
    wanted = [pin for name, dataset in study.datasets.items() for pin in _pins(dataset, name in limited)]
    return sorted({name for name, given in wanted if given is None and name not in known})


def _pins(dataset: Dataset, limited: bool) -> list[tuple[str, str | None]]:
    """Return the pins of a dataset, but those of its shards where they are not whole: they pin nothing."""
    shards = tuple(shard_pin("", shard, dataset.shards) for shard in range(dataset.shards) if limited)
    return [pin for pin in dataset.source.pins(dataset.shards).items() if not pin[0].endswith(shards)]
