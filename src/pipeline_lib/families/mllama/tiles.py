"""Batches of tiled images, and which tokens see which tiles."""

import torch
from transformers.models.mllama.processing_mllama import (
    convert_sparse_cross_attention_mask_to_dense,
    get_cross_attention_token_mask,
)

from pipeline_lib.models.family import Batch, Shown


def blank(tiles: int, side: int) -> Shown:
    """Return an image that no token sees: black, of no aspect ratio, with a single tile."""
    return {
        "pixel_values": torch.zeros(tiles, 3, side, side),
        "aspect_ratio_ids": torch.tensor(0),
        "aspect_ratio_mask": torch.tensor([1] + [0] * (tiles - 1)),
    }


def tiled(ids: list[list[int]], shown: list[list[Shown]], mark: int, none: Shown) -> Batch:
    """Return `pixel_values` [rows, images, tiles, 3, height, width], aspect ratios and `cross_attention_mask`.

    The mask [rows, tokens, images, tiles] is 1 where a token of the padded `ids` sees a tile: from an image's mark to
    the next. Rows with fewer images than others get the image `none`, which no token sees.
    """
    most = max(1, *map(len, shown))
    rows = [[*images, *[none] * (most - len(images))] for images in shown]
    batch = {name: torch.stack([torch.stack([image[name] for image in row]) for row in rows]) for name in none}
    counts = [[int(image["aspect_ratio_mask"].sum()) for image in images] for images in shown]
    spans = [get_cross_attention_token_mask(row, mark) for row in ids]
    largest = len(none["aspect_ratio_mask"])
    mask = torch.zeros(len(ids), len(ids[0]), most, largest, dtype=torch.int64)
    if any(spans):
        dense = convert_sparse_cross_attention_mask_to_dense(spans, counts, largest, len(ids[0]))
        mask[:, :, : dense.shape[2]] = torch.from_numpy(dense)
    return {**batch, "cross_attention_mask": mask}
