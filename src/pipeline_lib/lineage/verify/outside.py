"""Jobs that reach beyond this machine: they download, or ask a server."""

from typing import Any

from pipeline_lib.job.made_record import MadeRecord

REMOTE_KINDS = ("hub", "hub_archive", "google_drive")  # sources without a URL in their settings
REACHING = ("fetch", "predict", "judge")


def reaches_outside(record: MadeRecord) -> bool:
    """Return whether a job downloads its files or asks a server, by its settings."""
    source = record.settings.get("source") or {}
    return record.stage in REACHING and (source.get("kind") in REMOTE_KINDS or _has_url(record.settings))


def _has_url(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_url(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_url(item) for item in value)
    return isinstance(value, str) and value.startswith(("http://", "https://"))
