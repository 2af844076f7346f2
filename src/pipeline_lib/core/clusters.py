"""Clusters of unit vectors by cosine: spherical k-means in fixed-point numbers.

Source: Dhillon and Modha, "Concept Decompositions for Large Sparse Text Data Using Clustering", Machine Learning 42.

All products and sums are exact, and roots and quotients round as IEEE 754 requires: the clusters are the same on every
processor.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline_lib.core.embeddings import BLOCK, ONE, Vectors

FINER = 2**6  # a mean has more bits than its vectors: that of unlike ones is short


def clusters_of(vectors: Vectors, clusters: int, rounds: int) -> NDArray[np.int64]:
    """Return the cluster of every vector, by number.

    The centres are at first vectors far from each other; then, at most `rounds` times, the directions of the means of
    their clusters. A vector belongs to the centre with the largest cosine, the first of equal ones.
    """
    centres = _farthest_first(vectors, clusters)
    nearest = _nearest(vectors, centres)
    for _ in range(rounds):
        moved = _directions(vectors, nearest, centres)
        if np.array_equal(moved, centres):
            break
        centres, nearest = moved, _nearest(vectors, moved)
    return nearest


def _farthest_first(vectors: Vectors, count: int) -> Vectors:
    """Return the first vector, then always the one that is farthest from all before it: at most `count` different ones.

    This is the greedy choice of k centres (Gonzalez, Theoretical Computer Science 38, 1985).
    """
    positions, different = [0], {vectors[0].tobytes()}
    closeness = _products(vectors, vectors[:1]).max(axis=1)  # to the nearest centre
    while len(positions) < count:
        farthest = int(closeness.argmin())
        if vectors[farthest].tobytes() in different:
            break
        positions.append(farthest)
        different.add(vectors[farthest].tobytes())
        closeness = np.maximum(closeness, _products(vectors, vectors[farthest : farthest + 1])[:, 0])
    return vectors[positions]


def _nearest(vectors: Vectors, centres: Vectors) -> NDArray[np.int64]:
    """Return the number of the nearest centre of every vector."""
    blocks = (vectors[first : first + BLOCK] for first in range(0, len(vectors), BLOCK))
    return np.concatenate([_products(block, centres).argmax(axis=1) for block in blocks])


def _products(vectors: Vectors, centres: Vectors) -> NDArray[np.float64]:
    """Return the products of all vectors and centres, [vectors, centres]; float64 holds them exactly."""
    directions = centres.T.astype(np.float64)
    blocks = (vectors[first : first + BLOCK] for first in range(0, len(vectors), BLOCK))
    return np.concatenate([block.astype(np.float64) @ directions for block in blocks])


def _directions(vectors: Vectors, nearest: NDArray[np.int64], centres: Vectors) -> Vectors:
    """Return the directions of the means of all clusters; a cluster without vectors, or without mean, stays."""
    sums = np.zeros(centres.shape, np.int64)
    for first in range(0, len(vectors), BLOCK):
        block, numbers = vectors[first : first + BLOCK].astype(np.int64), nearest[first : first + BLOCK]
        order = np.argsort(numbers, kind="stable")
        present, starts = np.unique(numbers[order], return_index=True)
        sums[present] += np.add.reduceat(block[order], starts, axis=0)
    sizes = np.bincount(nearest, minlength=len(centres))[:, None]
    means = sums * FINER // np.maximum(sizes, 1)
    lengths = np.sqrt((means * means).sum(axis=1, keepdims=True).astype(np.float64))
    moved = np.rint(means * (ONE / np.maximum(lengths, 1.0))).astype(np.int16)
    return np.where(lengths > 0, moved, centres)
