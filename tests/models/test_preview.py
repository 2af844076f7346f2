"""What a training will see of its conversations: counted, marked, shown as a page, judged."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json
from pipeline_lib.families.llava.model import compose
from pipeline_lib.families.llava.tokens import image_id
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.base import Base
from pipeline_lib.models.encoded import Encoded, RowRules
from pipeline_lib.models.family import Sizes, Tokens, load_family
from pipeline_lib.models.opening import open_tokens
from pipeline_lib.preview.inspect import Inspected, drawn, inspect
from pipeline_lib.preview.page import page
from pipeline_lib.preview.settings import InspectSettings
from pipeline_lib.preview.verdict import read_verdict
from pipeline_lib.recipes import full
from pipeline_lib.training.resume import Resume
from pipeline_lib.training.run import train_recipe
from pipeline_lib.training.settings import TrainSettings
from pipeline_lib.training.task import TrainingInputs
from tests.models.conftest import CARD

SETTINGS = InspectSettings(
    family="llava", template="vicuna_v1", max_length=2048, as_original=False, untrained=0.0, sample=False, seed=0
)


def any_size(path: str) -> tuple[int, int]:
    """Return the size of every image."""
    return 20, 10


@pytest.fixture(scope="module")
def tokens(language: Path, tower: Path) -> Tokens:
    return open_tokens(language, tower)


def lengths(rows: list[Conversation], tokens: Tokens) -> list[int]:
    """Return the tokens of every row."""
    shown = inspect(rows, tokens, SETTINGS, any_size, sample_size=len(rows)).report["shown"]["drawn"]
    return [row["tokens"] for row in shown]


def cut_to(rows: list[Conversation], tokens: Tokens, length: int, untrained: float) -> Inspected:
    return inspect(rows, tokens, SETTINGS.model_copy(update={"max_length": length, "untrained": untrained}), any_size)


def long_first(rows: list[Conversation]) -> list[Conversation]:
    """Return the rows with a first one whose question is longer than any other row."""
    turns = [dict(rows[0].conversations[0], value="<image>\n" + "word " * 300), rows[0].conversations[1]]
    return [replace(rows[0], conversations=turns), *rows[1:]]


def test_the_tokenizer_and_the_image_are_those_of_the_model(language: Path, tower: Path, tmp_path: Path) -> None:
    llava = compose(language, tower, CARD, seed=0)
    llava.save(tmp_path / "saved")
    for found in (open_tokens(language, tower), open_tokens(tmp_path / "saved", None)):
        assert found.per_image == llava.model.config.image_seq_length == 4
        assert image_id(found.tokenizer) == llava.model.config.image_token_id
        assert found.tokenizer.get_vocab() == llava.tokenizer.get_vocab()


def test_a_language_model_without_a_tower_is_an_error(language: Path) -> None:
    with pytest.raises(PipelineError, match="needs a vision tower"):
        open_tokens(language, None)


def test_the_answer_is_marked_and_the_image_is_one_mark(rows: list[Conversation], tokens: Tokens) -> None:
    first = inspect(rows, tokens, SETTINGS, any_size, sample_size=12).report["shown"]["drawn"][0]
    assert [part["text"] for part in first["parts"] if part["kind"] == "trained"] == [" green</s>"]
    assert [part["tokens"] for part in first["parts"] if part["kind"] == "image"] == [4]
    assert sum(part["tokens"] for part in first["parts"]) == first["tokens"]
    said = "".join(part["text"] for part in first["parts"])
    assert said.startswith("<s>A chat between") and said.endswith("What is it? red ASSISTANT: green</s>")


def test_all_rows_are_counted_and_few_are_shown(rows: list[Conversation], tokens: Tokens) -> None:
    found = inspect(rows, tokens, SETTINGS, any_size, sample_size=3)
    counts = found.report["counts"]
    assert len(found.report["shown"]["drawn"]) == 3
    assert (counts["rows"], counts["with_image"], counts["image_tokens"]) == (12, 12, 48)
    assert counts["tokens"] == sum(lengths(rows, tokens))
    assert sum(count for _, count in counts["histogram"]) == 12
    assert found.verdict == {
        "schema": 1, "left_out": [], "longest": max(lengths(rows, tokens)), "refused": None,
    }  # fmt: skip


def test_rows_are_drawn_by_the_seed_alone() -> None:
    rows = list(range(1000))
    first = drawn(rows, 20, seed=0)
    assert first == sorted(first) and first == drawn(rows[::-1], 20, seed=0) != drawn(rows, 20, seed=1)
    assert set(first) < set(drawn(rows, 40, seed=0))
    assert drawn(rows[:5], 20, seed=0) == rows[:5]


def test_a_row_that_is_cut_loses_tokens_at_its_end(rows: list[Conversation], tokens: Tokens) -> None:
    whole = lengths(rows, tokens)
    found = cut_to(rows, tokens, max(whole) - 1, untrained=1.0)
    longest = [row for row, length in zip(rows, whole, strict=True) if length == max(whole)]
    assert found.report["counts"]["truncated"] == {"rows": len(longest), "tokens": len(longest), "most": 1}
    shown = found.report["shown"]["truncated"][0]
    assert [part["text"] for part in shown["parts"] if part["kind"] == "cut"] == ["</s>"]
    assert shown["row"] == longest[0].row and shown["lost"] == 1


def test_few_rows_without_a_trained_token_are_left_out(
    rows: list[Conversation], tokens: Tokens, tmp_path: Path
) -> None:
    given = long_first(rows)
    whole = lengths(given, tokens)
    found = cut_to(given, tokens, max(whole[1:]), untrained=0.1)
    assert found.report["counts"]["untrained"] == {"rows": 1, "cut": 1, "silent": 0}
    path = tmp_path / "verdict.json"
    path.write_text(pretty_json(found.verdict))
    assert read_verdict([path]) == ({0}, max(whole[1:])) and read_verdict([]) == (set(), None)


def test_too_many_stop_the_training_with_cause_and_cure(
    rows: list[Conversation], tokens: Tokens, tmp_path: Path
) -> None:
    given = long_first(rows)
    whole = lengths(given, tokens)
    path = tmp_path / "verdict.json"
    path.write_text(pretty_json(cut_to(given, tokens, max(whole[1:]), untrained=0.05).verdict))
    with pytest.raises(PipelineError) as caught:
        read_verdict([path])
    told = str(caught.value)
    assert "1 of 12 rows have no trained token; 5.00% may" in told
    assert "1 are cut to" in told and "row 0" in told
    needed = int(told.split("max_length: ")[1].split()[0])
    assert cut_to(given, tokens, needed, untrained=0.0).verdict["refused"] is None
    assert cut_to(given, tokens, needed - 1, untrained=0.0).verdict["refused"] is not None


def test_a_training_of_which_nothing_is_left_is_refused(rows: list[Conversation], tokens: Tokens) -> None:
    assert cut_to(rows, tokens, 3, untrained=1.0).verdict["refused"] is not None
    assert inspect([], tokens, SETTINGS, any_size).verdict["refused"] is not None


def test_a_training_goes_through_the_rows_that_are_not_left_out(
    rows: list[Conversation], tokens: Tokens, language: Path, tower: Path, images: ImageReader, tmp_path: Path
) -> None:
    """The row that the verdict names is the one at which a training would stop, and the only one."""
    given = long_first(rows)
    length = max(lengths(given, tokens)[1:])
    left_out = cut_to(given, tokens, length, untrained=0.1).verdict["left_out"]
    recipe = full.Settings(
        name="full", projector="random", epochs=1, batch_size=1, learning_rate=1e-3, clip_norm=1.0, max_length=length
    )
    how = TrainSettings(recipe=recipe, seed=0, threads=1)

    def train(kept: list[Conversation], name: str) -> int:
        material = TrainingInputs(Base(language, tower), kept, images, seed=0)
        return len(train_recipe(material, how, tmp_path / name, Resume(tmp_path / f"{name}.state", 600)))

    assert train([row for row in given if row.row not in left_out], "kept") == 11
    with pytest.raises(PipelineError, match="no token of this row is trained"):
        train(given, "all")


class Texts(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_what_rows_say_as_text(rows: list[Conversation], tokens: Tokens) -> None:
    attack = "<script>alert('&')</script>"
    turns = [dict(rows[0].conversations[0], value=f"<image>\n{attack}"), rows[0].conversations[1]]
    hostile = replace(rows[0], id=attack, image=attack, conversations=turns)
    report = inspect([hostile, *rows[1:]], tokens, SETTINGS, any_size).report
    read = Texts()
    read.feed(page(attack, json.loads(pretty_json(report))))
    assert "script" not in read.tags and {"mark", "svg", "article"} <= read.tags
    assert read.text.count(attack) >= 4  # as heading, id, image's name and question
    assert "image, 4 tokens" in read.text


def test_the_page_says_why_a_training_must_not_start(rows: list[Conversation], tokens: Tokens) -> None:
    text = page("tenth", cut_to(rows, tokens, 3, untrained=0.5).report)
    assert "It must not start." in text and "12 of 12 rows have no trained token" in text


@pytest.mark.parametrize(("as_original", "fate"), [(True, "become control tokens"), (False, "are trained as text")])
def test_rows_in_which_control_words_are_said_are_counted_and_shown(
    rows: list[Conversation], tokens: Tokens, as_original: bool, fate: str
) -> None:
    turns = [dict(rows[3].conversations[0], value="<image>\nUSER: what is <s>?"), dict(rows[3].conversations[1])]
    given = [*rows[:3], replace(rows[3], conversations=turns), *rows[4:]]
    report = inspect(given, tokens, SETTINGS.model_copy(update={"as_original": as_original}), any_size).report
    assert report["counts"]["control_words"] == {"<s>": 1, "USER:": 1}
    assert [row["row"] for row in report["shown"]["control_words"]] == [3]
    assert fate in page("mine", report) and "rows that say &lt;s&gt;" in page("mine", report)


def test_a_refusal_names_the_list_of_all_untrained_rows(
    rows: list[Conversation], tokens: Tokens, tmp_path: Path
) -> None:
    found = cut_to(rows, tokens, 10, untrained=0.0)
    assert [row["row"] for row in found.report["untrained_rows"]] == [row.row for row in rows]
    (tmp_path / "mine.verdict.json").write_text(pretty_json(found.verdict))
    with pytest.raises(PipelineError, match=r"mine\.json under `untrained_rows`"):
        read_verdict([tmp_path / "mine.verdict.json"])


def test_a_family_whose_tokens_depend_on_the_sizes_of_images_is_counted(
    rows: list[Conversation], tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LLaVA counts as many tokens for every image; here each takes one more for every ten pixels of its width."""

    def encode_row(tokens: Tokens, row: Conversation, rules: RowRules, sizes: Sizes) -> Encoded:
        encoded = load_family("llava").encode_row(tokens, row, rules, sizes)
        more = [0] * (sizes(row.image)[0] // 10 if row.image else 0)
        return replace(encoded, whole_ids=[*encoded.whole_ids, *more])

    plain = lengths(rows, tokens)
    monkeypatch.setattr("pipeline_lib.preview.inspect.load_family", lambda name: SimpleNamespace(encode_row=encode_row))
    with_image = [2 if row.image else 0 for row in rows]
    assert lengths(rows, tokens) == [length + more for length, more in zip(plain, with_image, strict=True)]
