"""Open pins: downloads of a study that neither the study nor `studies/pins.lock` pins."""

from pipeline_lib.config.study import Study
from pipeline_lib.downloads.pins import Pins


def open_pins(study: Study) -> list[str]:
    """Return the names of the open pins of a study, sorted; what they stand for may be other bytes tomorrow."""
    known = Pins().all()
    wanted = [pin for dataset in study.datasets.values() for pin in dataset.source.pins(dataset.shards).items()]
    return sorted({name for name, given in wanted if given is None and name not in known})
