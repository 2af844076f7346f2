"""Fetch one shard of a source: the files whose name's digest falls into it."""

import logging
from pathlib import Path
from typing import Annotated, cast

from pydantic import Field

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugin import Plugin
from pipeline_lib.core.registry import load
from pipeline_lib.core.settings import Settings
from pipeline_lib.fetching.listing import digest_shard, shard_name
from pipeline_lib.sources.base import Source, SourceSettings, shard_of

logger = logging.getLogger(__name__)


class FetchSettings(Settings):
    """What one fetch job needs to know."""

    source: Annotated[SourceSettings, Plugin("sources", key="kind")]
    seed: int
    shard: int = Field(ge=0)
    shards: int = Field(ge=1)
    listing: str | None = Field(default=None, description="digest of the shard's names, for a source that can change")


def fetch_shard(settings: FetchSettings, folder: Path) -> int:
    """Put the shard's files below `folder` and return how many there are; a source without any file is an error."""
    source = cast(Source, load("sources", settings.source.kind))
    names = source.list_names(settings.source, settings.seed)
    if not names:
        raise PipelineError("the source holds no file", value=settings.source.model_dump())
    mine = sorted(name for name in names if shard_of(name, settings.shards) == settings.shard)
    if settings.listing not in (None, digest_shard(mine, shard_name(settings.shard))):
        raise PipelineError(
            "files were added to the source, or taken away, while the study ran",
            value=settings.source.model_dump(),
            cure="run snakemake again",
        )
    folder.mkdir(parents=True)
    source.fetch(settings.source, settings.seed, mine, folder)
    logger.info("%d of %d files", len(mine), len(names))
    return len(mine)
