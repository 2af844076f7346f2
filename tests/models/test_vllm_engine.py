"""The engine `vllm`: all that it does but vLLM's own computing; where vLLM is installed, its answers too."""

import base64
import io
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Iterator

import pytest
from PIL import Image

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.engines import transformers, vllm
from pipeline_lib.engines.base import AnswerSettings, EnginePaths, Reply, Request, Round
from pipeline_lib.families.llava.model import compose
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.card import Card
from tests.asking import saved_replies

HOW = AnswerSettings(threads=1, family=None, template="vicuna_v1")
SETTINGS = vllm.Settings(name="vllm")
QUESTIONS = [Request(str(number), f"Is it {number}?", (f"{number}.jpg",), 6) for number in range(3)]
QUESTIONS += [Request("none", "Is it red?", (), 6), Request("two", "Are they alike?", ("0.jpg", "2.jpg"), 6)]
VERSION = "0.33.0"


class Library(ModuleType):
    """What the engine uses of vLLM; a model answers with the text of the question."""

    def __init__(self) -> None:
        super().__init__("vllm")
        self.loaded: list[dict[str, Any]] = []
        self.asked: list[tuple[list[dict[str, Any]], Any]] = []
        self.SamplingParams = SimpleNamespace
        self.LLM = self._load
        self.fails_after = 10**6
        self.reason = "stop"

    def _load(self, model: str, **arguments: Any) -> "Library":
        self.loaded.append({"model": Path(model), **arguments})
        return self

    def chat(self, messages: Any, sampling: Any, use_tqdm: bool, chat_template: str) -> Iterator[Any]:
        assert "USER" in chat_template and not use_tqdm
        if len(self.asked) >= self.fails_after:
            raise KeyboardInterrupt
        self.asked += zip(messages, sampling, strict=True)
        return iter([self._output(each) for each in messages])

    def _output(self, messages: list[dict[str, Any]]) -> Any:
        content = messages[-1]["content"]
        text = content if isinstance(content, str) else content[-1]["text"]
        answer = SimpleNamespace(text=f" {text}\n", token_ids=[1, 2, 3], finish_reason=self.reason)
        return SimpleNamespace(outputs=[answer], prompt_token_ids=[0] * 9)


@pytest.fixture()
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    """Return a stand-in for vLLM, as if it were installed."""
    module = Library()
    monkeypatch.setitem(sys.modules, "vllm", module)
    monkeypatch.setattr(vllm, "version", lambda name: VERSION)
    monkeypatch.setattr(vllm, "find_spec", lambda name: object())
    return module


@pytest.fixture(scope="module")
def model(language: Path, tower: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vllm") / "model"
    compose(language, tower, Card(kind="vlm", template="vicuna_v1", image_shape="pad"), seed=0).save(folder)
    return folder


def replies(
    model: Path, images: ImageReader, state: Path, settings: vllm.Settings = SETTINGS, how: AnswerSettings = HOW
) -> dict[str, Reply]:
    state.mkdir(exist_ok=True)
    engine = vllm.open_engine(settings, model, images, how, EnginePaths(state, state / "log"))
    return saved_replies(engine, QUESTIONS, state)


def test_questions_are_sent_with_the_pixels_of_the_local_engine(
    library: Library, model: Path, images: ImageReader, tmp_path: Path
) -> None:
    made = replies(model, images, tmp_path)
    assert {name: reply.text for name, reply in made.items()} == {each.id: each.text for each in QUESTIONS}
    facts = {"engine": {"program": "vllm", "version": VERSION}, "prompt_tokens": 9}
    assert all((reply.tokens, reply.stop, reply.facts) == (3, "end", facts) for reply in made.values())
    (loaded,) = library.loaded
    assert (loaded["limit_mm_per_prompt"], loaded["dtype"], loaded["seed"]) == ({"image": 2}, "float32", 0)
    assert (loaded["model"] / "chat_template.jinja").is_file() and (loaded["model"] / "config.json").is_file()
    content = library.asked[-1][0][0]["content"]
    shown = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    for path, url in zip(QUESTIONS[-1].images, shown, strict=True):
        sent = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
        assert sent.tobytes() == images.open(path, images.row(path).pin).tobytes()


def test_decoding_is_the_benchmarks_and_each_question_has_its_seed(
    library: Library, model: Path, images: ImageReader, tmp_path: Path
) -> None:
    replies(model, images, tmp_path / "greedy")
    assert all((each.temperature, each.seed, each.max_tokens) == (0, None, 6) for _, each in library.asked)
    library.asked.clear()
    how = HOW.model_copy(update={"temperature": 0.5, "top_p": 0.9, "stop": ["."], "seed": 3})
    replies(model, images, tmp_path / "drawn", how=how)
    assert {(each.temperature, each.top_p, *each.stop) for _, each in library.asked} == {(0.5, 0.9, ".")}
    assert len({each.seed for _, each in library.asked}) == len(QUESTIONS)


def test_an_interrupted_job_loads_the_model_for_the_rest_alone(
    library: Library, model: Path, images: ImageReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm, "TOGETHER", 2)
    library.fails_after = 4
    with pytest.raises(KeyboardInterrupt):
        replies(model, images, tmp_path)
    library.fails_after = 10**6
    assert len(replies(model, images, tmp_path)) == len(library.asked) == len(QUESTIONS)
    assert len(library.loaded) == 2
    replies(model, images, tmp_path)
    assert len(library.loaded) == 2  # nothing is left to ask


def test_an_answer_cut_at_its_length_says_so(
    library: Library, model: Path, images: ImageReader, tmp_path: Path
) -> None:
    library.reason = "length"
    assert {reply.stop for reply in replies(model, images, tmp_path).values()} == {"length"}


def test_a_review_is_a_conversation(library: Library, model: Path, images: ImageReader, tmp_path: Path) -> None:
    engine = vllm.open_engine(SETTINGS, model, images, HOW, EnginePaths(tmp_path, tmp_path / "log"))
    asked = Request("1", "Is it red?", (), 6, rounds=(Round("No.", "Really?"),))
    (reply,) = engine.answer([asked], {})
    assert reply.text == "Really?"
    assert [each["role"] for each in library.asked[0][0]] == ["user", "assistant", "user"]


def test_what_vllm_cannot_do_is_named(library: Library, model: Path, images: ImageReader, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="states another version of vLLM"):
        replies(model, images, tmp_path, SETTINGS.model_copy(update={"version": "0.1.0"}))
    with pytest.raises(PipelineError, match="have keys of their own"):
        replies(model, images, tmp_path, SETTINGS.model_copy(update={"options": {"dtype": "half"}}))
    padded = Request("1", "?", ("0.jpg",), 6, padded_first=True)
    engine = vllm.open_engine(SETTINGS, model, images, HOW, EnginePaths(tmp_path, tmp_path / "log"))
    with pytest.raises(PipelineError, match="padded before they become RGB"):
        list(engine.answer([padded], {}))


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed")
def test_without_vllm_the_error_says_what_to_do(model: Path, images: ImageReader, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"(?s)vLLM is not installed.*engine server"):
        replies(model, images, tmp_path)


def test_a_key_is_no_option() -> None:
    with pytest.raises(ValueError, match="key"):
        vllm.Settings(name="vllm", options={"hf_token": "hf_0123456789abcdefghijklmnopqrstuvwx"})


def test_what_it_takes_of_the_machine_decides_no_answer() -> None:
    plain = SETTINGS.canonical()
    assert SETTINGS.model_copy(update={"memory": 0.5, "gpus": 2}).canonical() == plain
    assert SETTINGS.model_copy(update={"dtype": "bfloat16"}).canonical() != plain


@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")
def test_its_answers_are_those_of_the_local_engine(model: Path, images: ImageReader, tmp_path: Path) -> None:
    made = replies(model, images, tmp_path / "vllm")
    state = tmp_path / "local"
    state.mkdir()
    local = transformers.open_engine(transformers.Settings(), model, images, HOW, EnginePaths(state, state / "log"))
    expected = saved_replies(local, QUESTIONS, state)
    assert {name: reply.text for name, reply in made.items()} == {n: reply.text for n, reply in expected.items()}
