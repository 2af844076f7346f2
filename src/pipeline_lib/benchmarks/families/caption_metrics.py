"""CIDEr-D, BLEU and ROUGE-L of captions, as in salaniz/pycocoevalcap 1.2; captions are words with single spaces."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LONGEST = 4  # words of an n-gram
SIGMA = 6.0  # of the penalty for another length, in bigrams
BEST_CIDER = 10.0  # of a caption that equals all its references
BETA = 1.2  # weight of recall in ROUGE-L
SMALL, TINY = 1e-9, 1e-15  # which the original adds against 0/0

NGrams = Counter[tuple[str, ...]]


def ngrams(caption: str) -> NGrams:
    """Return the counts of all n-grams of one to four words."""
    words = caption.split()
    return Counter(
        tuple(words[start : start + length])
        for length in range(1, LONGEST + 1)
        for start in range(len(words) - length + 1)
    )


@dataclass(frozen=True)
class _Weighted:
    """The weights of a caption's n-grams, the norms by length, and the count of bigrams."""

    weights: dict[tuple[str, ...], float]
    norms: list[float]
    bigrams: int


class Corpus:
    """The references of a whole set of images, whose document frequencies weigh n-grams in CIDEr-D."""

    def __init__(self, references: list[list[str]]) -> None:
        """Count in the references of how many images each n-gram is."""
        self._frequency: NGrams = Counter()
        for captions in references:
            self._frequency.update({gram for caption in captions for gram in ngrams(caption)})
        self._log_images = math.log(max(1, len(references)))

    def cider(self, caption: str, references: list[str]) -> float:
        """Return the CIDEr-D of a caption: 10 for one that equals all its references, 0 in a corpus of one image."""
        candidate = self._weighted(caption)
        similar = [self._similarity(candidate, self._weighted(reference)) for reference in references]
        return BEST_CIDER * sum(similar) / len(similar)

    def _weighted(self, caption: str) -> _Weighted:
        counts = ngrams(caption)
        weights = {
            gram: count * (self._log_images - math.log(max(1, self._frequency[gram]))) for gram, count in counts.items()
        }
        squares = [0.0] * LONGEST
        for gram, weight in weights.items():
            squares[len(gram) - 1] += weight**2
        bigrams = sum(count for gram, count in counts.items() if len(gram) == 2)
        return _Weighted(weights, [math.sqrt(square) for square in squares], bigrams)

    def _similarity(self, caption: _Weighted, reference: _Weighted) -> float:
        values = [0.0] * LONGEST
        for gram in caption.weights:
            if gram in reference.weights:
                other = reference.weights[gram]
                values[len(gram) - 1] += min(caption.weights[gram], other) * other
        penalty = math.exp(-((caption.bigrams - reference.bigrams) ** 2) / (2 * SIGMA**2))
        norms = [first * second for first, second in zip(caption.norms, reference.norms, strict=True)]
        return sum(penalty * (v / n if n else v) for v, n in zip(values, norms, strict=True)) / LONGEST


def rouge_l(caption: str, references: list[str]) -> float:
    """Return ROUGE-L: the longest common subsequences, with the best precision and the best recall of any reference."""
    words = caption.split(" ")
    others = [reference.split(" ") for reference in references]
    common = [_common(words, other) for other in others]
    precision = max(common) / len(words)
    recall = max(length / len(other) for length, other in zip(common, others, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)


def _common(first: list[str], second: list[str]) -> int:
    """Return the length of the longest common subsequence.

    A bit stands for a word of `second`, and is 0 where the length grows by that word. So one sum of whole numbers
    compares a word of `first`, which may be an answer of a megabyte, with all of `second`.
    """
    bits: defaultdict[str, int] = defaultdict(int)
    for index, word in enumerate(second):
        bits[word] |= 1 << index
    whole = unmatched = (1 << len(second)) - 1
    for word in first:
        if word in bits:
            same = unmatched & bits[word]
            unmatched = ((unmatched + same) | (unmatched - same)) & whole
    return len(second) - unmatched.bit_count()


def bleu_counts(caption: str, references: list[str]) -> list[float]:
    """Return counts that add up: length, nearest reference's length, n-grams by length, those in references."""
    counts, most = ngrams(caption), Counter[tuple[str, ...]]()
    for reference in references:
        most |= ngrams(reference)
    length = len(caption.split())
    nearest = min((abs(len(other.split()) - length), len(other.split())) for other in references)[1]
    grams, right = [0.0] * LONGEST, [0.0] * LONGEST
    for gram, count in counts.items():
        grams[len(gram) - 1] += count
        right[len(gram) - 1] += min(count, most[gram])
    return [length, nearest, *grams, *right]


def bleu(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return BLEU-1 to BLEU-4 [..., 4] of summed counts [..., 10]."""
    length, nearest = counts[..., 0], counts[..., 1]
    shares = (counts[..., 2 + LONGEST :] + TINY) / (counts[..., 2 : 2 + LONGEST] + SMALL)
    means = np.cumprod(shares, axis=-1) ** (1 / np.arange(1, LONGEST + 1))
    ratio = (length + TINY) / (nearest + SMALL)
    brevity = np.where(ratio < 1, np.exp(1 - 1 / ratio), 1.0)
    return np.asarray(means * brevity[..., None])
