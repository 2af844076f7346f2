"""Open pins: downloads of a study that neither the study nor `studies/pins.lock` pins."""

from pipeline_lib.config.rehearsal import limited_datasets
from pipeline_lib.config.study import Dataset, Study
from pipeline_lib.downloads.pins import Pins
from pipeline_lib.sources.base import shard_pin


def open_pins(study: Study) -> list[str]:
    """Return the names of a study's open pins, sorted; their downloads may change."""
    known = Pins().all()
    limited = limited_datasets(study)
    wanted = [pin for name, dataset in study.datasets.items() for pin in _pins(dataset, name in limited)]
    return sorted({name for name, pinned in wanted if pinned is None and name not in known})


def _pins(dataset: Dataset, limited: bool) -> list[tuple[str, str | None]]:
    """Return the pins of a dataset; the shards of a limited one are incomplete and have none."""
    shards = tuple(shard_pin("", shard, dataset.shards) for shard in range(dataset.shards) if limited)
    return [pin for pin in dataset.source.pins(dataset.shards).items() if not pin[0].endswith(shards)]
