"""Captions of images: the metrics of a whole set of captions.

CIDEr weighs n-grams by how many images' references have them. These frequencies are always those of all images
of the questions, in every draw of the bootstrap too: the interval is that of the mean over images, with them fixed.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Mapping, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from pipeline_lib.benchmarks.base import Grade, Question, Tallies, Verdict
from pipeline_lib.benchmarks.families.caption_metrics import BEST_CIDER, LONGEST, Corpus, bleu, bleu_counts, rouge_l
from pipeline_lib.benchmarks.families.caption_words import (
    java,
    official_folder,
    official_words,
    plain_words,
    tokenizer_lacks,
)
from pipeline_lib.benchmarks.families.counting import ASSUMED
from pipeline_lib.benchmarks.families.spice import spice, spice_lacks

PLAIN = "_plain"  # ends the names of metrics that do not compare with published ones
BLOCK = 13  # sums of one tokenizer: images, CIDEr, ROUGE-L, and the ten counts of BLEU
METEOR = "meteor/meteor-1.5.jar"
NO_CIDER = "{}; cider_plain is of other words than published CIDEr and not comparable with it"
BLEU = (
    *("bleu_1", "bleu_2", "bleu_3", "bleu_4"),
    *("bleu_1_plain", "bleu_2_plain", "bleu_3_plain", "bleu_4_plain"),
)


@dataclass(frozen=True)
class CaptionScorer:
    """Compares captions with references: CIDEr-D, BLEU-1 to 4, ROUGE-L, METEOR where Java runs, and SPICE with models.

    Words are those of the official tokenizer where pycocoevalcap and Java are there; the same metrics of plain words
    have names that end with `_plain`. The grade of one answer is its ROUGE-L in the words of the protocol's reader.
    """

    readers: Mapping[str, Callable[[str], str]]
    unbounded: tuple[str, ...] = BLEU  # no mean over images

    def assumed(self, verdict: Verdict, right: bool) -> Verdict:
        """Return a verdict without an answer as if its caption had the highest CIDEr-D and ROUGE-L, or the lowest."""
        return replace(verdict, grade=Grade(float(right), None, ASSUMED))

    def grade(self, question: Question, gold: JsonValue, answer: str, protocol: str) -> Grade:
        """Return the grade of one answer; one without a word is unparsed."""
        read = self.readers[protocol]
        words = read(answer)
        value = rouge_l(words, list(map(read, _references(gold)))) if words else 0.0
        return Grade(value, words or None, "rouge_l", "ok" if words else "unparsed")

    def tally(self, verdicts: list[Verdict], parts: list[str]) -> Tallies:
        """Return [verdicts, sums], those of plain words and then, where the tokenizer runs, those of official words."""
        captions = [verdict.answer or "" for verdict in verdicts]
        references = [_references(verdict.gold) for verdict in verdicts]
        blocks = [_sums(verdicts, list(map(plain_words, captions)), [list(map(plain_words, r)) for r in references])]
        official = _official(captions, references)
        return np.concatenate([*blocks, *([_sums(verdicts, *official)] if official else [])], axis=-1)

    def metrics(self, sums: Tallies, parts: list[str]) -> dict[str, Any]:
        """Return the metrics of summed tallies [..., sums]; 0/0 is NaN."""
        plain = {f"{name}{PLAIN}": value for name, value in _metrics(sums[..., :BLOCK]).items()}
        return {**(_metrics(sums[..., BLOCK:]) if sums.shape[-1] > BLOCK else {}), **plain}

    def whole(self, verdicts: list[Verdict]) -> dict[str, float]:
        """Return METEOR, which is no function of sums, and SPICE, each where it runs."""
        folder = official_folder()
        official = _official([verdict.answer or "" for verdict in verdicts], [_references(v.gold) for v in verdicts])
        if folder is None or official is None:
            return {}
        meteor = {"meteor": _meteor(folder, *official)} if (folder / METEOR).is_file() else {}
        return {**meteor, **({"spice": spice(folder, *official)} if spice_lacks(folder) is None else {})}

    def unavailable(self) -> dict[str, str]:
        """Return the reasons why this machine does not compute CIDEr and SPICE; nothing of one that it computes."""
        folder, lacking = official_folder(), tokenizer_lacks()
        reason = lacking if folder is None else spice_lacks(folder)
        cider = {} if lacking is None else {"cider": NO_CIDER.format(lacking)}
        return {**cider, **({} if reason is None else {"spice": reason})}


def _references(gold: JsonValue) -> list[str]:
    return cast(list[str], gold)


def _official(captions: list[str], references: list[list[str]]) -> tuple[list[str], list[list[str]]] | None:
    """Return the official words of captions and references, None where the tokenizer cannot run."""
    folder = official_folder()
    if folder is None or not captions:
        return None
    words = iter(official_words(folder, [*captions, *(text for group in references for text in group)]))
    return [next(words) for _ in captions], [[next(words) for _ in group] for group in references]


def _sums(verdicts: list[Verdict], captions: list[str], references: list[list[str]]) -> NDArray[np.float64]:
    """Return [verdicts, BLOCK]; document frequencies are those of all references, answered or not."""
    corpus, sums = Corpus(references), np.zeros((len(verdicts), BLOCK))
    for number, (verdict, caption, others) in enumerate(zip(verdicts, captions, references, strict=True)):
        if verdict.grade.rule == ASSUMED:
            sums[number, :3] = 1, BEST_CIDER * verdict.grade.value, verdict.grade.value
        elif verdict.answered:
            scores = corpus.cider(caption, others), rouge_l(caption, others)
            sums[number] = [1, *scores, *bleu_counts(caption, others)]
    return sums


def _metrics(sums: NDArray[np.float64]) -> dict[str, Any]:
    images = np.where(sums[..., 0] > 0, sums[..., 0], np.nan)
    scores = bleu(sums[..., 3:]) + 0 * images[..., None]
    bleus = {f"bleu_{length}": scores[..., length - 1] for length in range(1, LONGEST + 1)}
    return {"cider": sums[..., 1] / images, **bleus, "rouge_l": sums[..., 2] / images}


def _meteor(folder: Path, captions: list[str], references: list[list[str]]) -> float:
    """Return METEOR 1.5 of a set: the statistics of every caption, then the score of all of them."""
    command = ["-Xmx2G", "-jar", str(folder / METEOR), "-", "-", "-stdio", "-l", "en", "-norm"]
    lines = [
        " ||| ".join(("SCORE", *others, caption.replace("|||", "").replace("  ", " ")))
        for caption, others in zip(captions, references, strict=True)
    ]
    statistics = java(command, "".join(f"{line}\n" for line in lines)).splitlines()
    scores = java(command, " ||| ".join(["EVAL", *(line.strip() for line in statistics)]) + "\n").splitlines()
    return float(scores[-1])


PRIMARY = "cider"
SHOWN = (PRIMARY, "cider_plain", "bleu_4", "rouge_l")
CAPTION_READERS = {"internvl12": plain_words, "lmms_eval": plain_words}
SCORER = CaptionScorer(CAPTION_READERS)
