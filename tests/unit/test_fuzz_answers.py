"""Every reader of answers and of what servers reply: a value or an error that the reader states, never anything else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from ruamel.yaml import YAML

from pipeline_lib.benchmarks import mm_vet
from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.benchmarks.families.judge_replies import read_replies
from pipeline_lib.core.text import pretty_json
from pipeline_lib.core.yaml_file import read_yaml, settings_in
from pipeline_lib.endpoints.bodies import text_of
from pipeline_lib.endpoints.completion import MalformedError, read_completion
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.refining.settings import RefineSettings
from pipeline_lib.rescoring.compare import compare_answers
from pipeline_lib.rescoring.protocols import compare_protocols
from pipeline_lib.scoring.score import ScoreSettings
from tests.chat_server import completion
from tests.unit.mutations import bytes_of, json_of
from tests.unit.test_fuzz import ANSWER, ASKED, LABEL, QUESTION, Reader, budgets, examples, holds, lines

PROMPT = QUESTION["text"]
EARLIER = {
    **ANSWER,
    "earlier": [{"text": "no", "metadata": {"model": "m", "tokens": 3}, "then": "Sure?", "until": "."}],
}
SERVED = {
    **ANSWER,
    "metadata": {"model": {"asked": "m", "served": "n", "fingerprint": None}, "tokens": 1, "stop": "end"},
}
SAMPLE = {
    "doc_id": 0,
    "doc_hash": "x",
    "input": PROMPT,
    "resps": [["yes"]],
    "filtered_resps": ["yes"],
    "input_media": ["a.jpg"],
    "pope_accuracy": {"question_id": 1, "category": "random"},
}
PREDICTION = {"index": 1, "question": ASKED, "image_path": "a.jpg", "prediction": "yes", "category": "random", "A": "x"}
BY_COLUMN = {"columns": list(PREDICTION), "data": [list(PREDICTION.values())]}
INTERNVL = {"question_id": 1, "question": PROMPT, "answer": "yes", "image": "a.jpg", "annotation": "no"}
MATHVISTA = {"1": {"response": "yes", "question": "x", "pid": "1"}}
RESULTS = {"outputs": {"1": "yes"}, "results": []}
REPLY = {"id": "v1_0", "run": 0, "texts": ["0.5"], "request": "0" * 64, "asked": "m", "served": None, "raw": ["0.5"]}
REFINE = {
    "study": "mini",
    "first": {"run": "full", "benchmark": "pope"},
    "review": "Sure?",
    "model": "m",
    "url": "http://127.0.0.1/v1",
    "access": {"key": "KEY", "budget": {"tokens": 9}},
    "sections": ["A", "B"],
}


def rescored(path: Path) -> None:
    """Score the answers by all protocols, and compare them with others; what is returned is strict JSON."""
    Path("q.jsonl").write_bytes(lines(QUESTION))
    Path("gold").mkdir()
    Path("gold/coco_pope_random.json").write_bytes(lines(LABEL))
    Path("other.jsonl").write_bytes(lines(ANSWER))
    files, settings = (
        Files(Path("q.jsonl"), Path("gold")),
        ScoreSettings(benchmark="pope", files=FileNames(questions="q.jsonl", gold="gold")),
    )
    for result in (
        compare_protocols(path, files, settings, ["llava15"]),
        compare_answers((Path("other.jsonl"), path), files, settings, ImageReader([])),
    ):
        json.dumps(json.loads(pretty_json(result)), allow_nan=False).encode()


def replied(path: Path) -> None:
    """Read the body of a server's response as the client does."""
    try:
        reply = read_completion(text_of(path.read_bytes()))
    except (MalformedError, UnicodeDecodeError) as error:
        str(error).encode()
        return
    pretty_json(reply.__dict__).encode()
    assert 0 <= (reply.prompt_tokens or 0) < 2**63 and 0 <= (reply.answer_tokens or 0) < 2**63


def refined(path: Path) -> None:
    """Read a file of `vlmflow refine`."""
    read = settings_in(read_yaml(path, YAML()), RefineSettings, path, "a file of `vlmflow refine`", "correct it")
    pretty_json(read.model_dump(mode="json")).encode()


def judged(path: Path) -> None:
    """Read replies of a judge, of this project's form or of MM-Vet's own code."""
    for reply in read_replies([path], mm_vet.recorded).all():
        pretty_json(reply.__dict__).encode()


TARGETS: dict[str, tuple[str, Any, Callable[[Path], None]]] = {
    "answers in several turns": ("a.jsonl", EARLIER, rescored),
    "answers of an endpoint": ("a.jsonl", SERVED, rescored),
    "lmms-eval": ("a.jsonl", SAMPLE, rescored),
    "VLMEvalKit": ("a.json", [PREDICTION], rescored),
    "VLMEvalKit by column": ("a.json", BY_COLUMN, rescored),
    "InternVL": ("a.json", [INTERNVL], rescored),
    "MathVista": ("a.json", MATHVISTA, rescored),
    "LLaVA's results": ("a.json", RESULTS, rescored),
    "a server's reply": ("reply", completion("yes"), replied),
    "a judge's reply": ("r.jsonl", REPLY, judged),
    "a judge's object": ("r.json", {"v1_0": {"model": ["m"], "content": ["0.5"], "score": [0.5]}}, judged),
    "refine": ("refine.yaml", REFINE, refined),
}


def check_with(number: int, content: Any, name: str, reader: Reader) -> None:
    @examples(number)
    @given(content)
    def check(data: bytes) -> None:
        holds(reader, name, data)

    check()


@pytest.mark.parametrize(("target", "number"), budgets(TARGETS))
def test_json_with_other_values(target: str, number: int) -> None:
    name, valid, reader = TARGETS[target]
    check_with(number, json_of(valid), name, reader)


@pytest.mark.parametrize(("target", "number"), budgets(TARGETS))
def test_bytes_that_were_a_file_once(target: str, number: int) -> None:
    name, valid, reader = TARGETS[target]
    check_with(number, bytes_of(json.dumps(valid).encode() + b"\n"), name, reader)
