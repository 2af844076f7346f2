"""The functions by which other projects grade one answer, taken from checkouts of their repositories.

Each is read from its file alone, so that no package of these projects must be installed. `CHECKOUTS` names the folders
below the one that `timings/scoring.py --official` gets, and their commits.
"""

import ast
import os
import random
import re
import statistics
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

CHECKOUTS = {
    "lmms-eval": "EvolvingLMMs-Lab/lmms-eval 75571cf",
    "VLMEvalKit": "open-compass/VLMEvalKit e8e78f0",
    "LLaVA": "haotian-liu/LLaVA c121f04",
}
Grading = Callable[[Any, Any, str], Any]  # of a question, its gold answer, and an answer


@dataclass(frozen=True)
class Official:
    """Where functions are, by file their names, and how one of them grades an answer."""

    files: dict[str, tuple[str, ...]]
    grading: Callable[[SimpleNamespace], Grading]

    def load(self, checkouts: Path) -> Grading | None:
        """Return what grades an answer; None where a file is not there."""
        paths = {checkouts / name: wanted for name, wanted in self.files.items()}
        if not all(path.is_file() for path in paths):
            return None
        known: dict[str, Any] = {"re": re, "os": os, "random": random, "statistics": statistics, "ast": ast}
        known |= {"cp": SimpleNamespace(copy=copy), "string": SimpleNamespace(ascii_uppercase="ABCDEFGHIJ")}
        known |= {"tqdm": lambda rows: rows, "logger": None}
        for path, wanted in paths.items():
            _run(path, wanted, known)
        return self.grading(SimpleNamespace(**known))


def _run(path: Path, wanted: tuple[str, ...], known: dict[str, Any]) -> None:
    """Add the definitions of these names to those that are known, without their decorators."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = [node for node in tree.body if set(_names(node)) & set(wanted)]
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = []
    exec(compile(ast.Module(nodes, []), str(path), "exec"), known)  # the user named the checkout


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    return [part.id for part in getattr(node, "targets", []) if isinstance(part, ast.Name)]


def box_of(gold: Any) -> list[float]:
    """Return a gold box as shares of its image."""
    (left, top, right, bottom), (width, height) = gold["box"], gold["size"]
    return [left / width, top / height, right / width, bottom / height]


def mmmu(own: SimpleNamespace) -> Grading:
    """Return the grading of MMMU: letters, or short answers."""

    def grade(question: Any, gold: Any, text: str) -> Any:
        if question.options:
            choices = dict(question.options)
            return own.parse_mmmu_multi_choice_response(text, [*choices], choices) == gold
        return own.eval_open(gold, own.parse_open_response(text))

    return grade


def m4c(own: SimpleNamespace) -> Grading:
    """Return the grading of TextVQA."""
    evaluator = own.TextVQAAccuracyEvaluator()
    return lambda question, gold, text: evaluator.eval_pred_list([{"pred_answer": text, "gt_answers": gold}])


TASKS = "lmms-eval/lmms_eval/tasks"
MATCHING = Official(
    {
        "VLMEvalKit/vlmeval/utils/matching_util.py": (
            *("_VERBOSE_ANSWER_RE", "can_infer_option", "can_infer_text", "can_infer"),
        )
    },
    lambda own: lambda question, gold, text: own.can_infer(text, dict(question.options)) == gold,
)
M4C = ("EvalAIAnswerProcessor", "TextVQAAccuracyEvaluator")
VQA = Official(
    {
        f"{TASKS}/_task_utils/vqa_eval_metric.py": M4C,
        f"{TASKS}/textvqa/utils.py": ("textvqa_process_results",),
    },
    lambda own: (
        lambda question, gold, text: own.textvqa_process_results(
            {"answers": [*gold], "question_id": question.id}, [text]
        )
    ),
)
OFFICIAL = {
    ("mmbench", "llava15"): MATCHING,
    ("mmbench_cn", "llava15"): MATCHING,
    ("seed", "vlmevalkit"): MATCHING,
    ("ai2d", "vlmevalkit"): MATCHING,
    ("mmvp", "vlmevalkit"): MATCHING,
    ("mmvp", "lmms_eval"): Official(
        {f"{TASKS}/mmvp/utils.py": ("_extract_answer_letter",)},
        lambda own: lambda question, gold, text: own._extract_answer_letter(text) == gold,
    ),
    ("mme", "lmms_eval"): Official(
        {f"{TASKS}/mme/utils.py": ("parse_pred_ans",)},
        lambda own: lambda question, gold, text: own.parse_pred_ans(text) == gold,
    ),
    ("scienceqa", "lmms_eval"): Official(
        {f"{TASKS}/scienceqa/utils.py": ("sqa_doc_to_target", "sqa_process_results")},
        lambda own: (
            lambda question, gold, text: own.sqa_process_results(
                {"choices": [*question.options.values()], "answer": "ABCDE".index(gold)}, [text]
            )
        ),
    ),
    ("mmmu", "lmms_eval"): Official(
        {
            f"{TASKS}/_task_utils/mmmu_mcq_utils.py": ("parse_mmmu_multi_choice_response",),
            f"{TASKS}/mmmu/utils.py": (
                *("extract_numbers", "check_is_number", "normalize_str", "parse_open_response", "eval_open"),
            ),
        },
        mmmu,
    ),
    ("textvqa", "lmms_eval"): VQA,
    ("textvqa", "llava15"): Official(
        {"LLaVA/llava/eval/m4c_evaluator.py": M4C},
        m4c,
    ),
    ("chartqa", "lmms_eval"): Official(
        {f"{TASKS}/chartqa/utils.py": ("relaxed_correctness",)},
        lambda own: lambda question, gold, text: own.relaxed_correctness(text, gold[0]),
    ),
    ("docvqa", "lmms_eval"): Official(
        {"lmms-eval/lmms_eval/api/metrics.py": ("levenshtein_distance", "anls")},
        lambda own: lambda question, gold, text: own.anls(gold, [text]),
    ),
    ("refcoco", "lmms_eval"): Official(
        {f"{TASKS}/refcoco/utils_rec.py": ("parse_float_sequence_within", "compute_iou")},
        lambda own: lambda question, gold, text: own.compute_iou(box_of(gold), own.parse_float_sequence_within(text)),
    ),
}
