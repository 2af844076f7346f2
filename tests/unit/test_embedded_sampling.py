"""Subsets by embeddings: clusters and agreement in exact numbers, shares of rows without image, refused studies."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline_lib.config.ancestry import needed_trainings
from pipeline_lib.config.load import load_study
from pipeline_lib.config.study import Study
from pipeline_lib.conversations.sample import SampleSettings
from pipeline_lib.conversations.sample_embedded import sample_embedded
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core import clusters
from pipeline_lib.core.clusters import clusters_of
from pipeline_lib.core.embeddings import ONE, Embeddings, fixed, read_embeddings, write_embeddings
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.plugins import load
from pipeline_lib.sampling.digest_rank import rank
from pipeline_lib.sampling.diverse import in_turn
from tests.project import ROOT

TURNS = [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]


def unit(vectors: Any) -> np.ndarray:
    """Return vectors of length 1 in the directions of some."""
    array = np.asarray(vectors, np.float32)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


def around(centres: int, of_each: int, dimensions: int = 8) -> np.ndarray:
    """Return vectors near as many axes, those of one axis together."""
    noise = np.random.default_rng(0).normal(scale=0.05, size=(centres * of_each, dimensions))
    return unit(np.repeat(np.eye(dimensions)[:centres], of_each, axis=0) + noise)


def table(images: int, text: int = 0) -> list[Conversation]:
    """Return rows about one image each, then rows without."""
    shown = [Conversation(number, str(number), f"a/{number}.jpg", "a pin", TURNS) for number in range(images)]
    return shown + [Conversation(images + number, "t", None, None, TURNS) for number in range(text)]


def embeddings(images: np.ndarray, texts: np.ndarray | None = None, text: int = 0) -> Embeddings:
    """Return the embeddings of rows about images, and of as many rows of text."""
    texts = np.tile(images[:1], (len(images) + text, 1)) if texts is None else texts
    shown = np.concatenate([images, np.zeros((text, images.shape[1]), np.float32)])
    return Embeddings(list(range(len(images) + text)), fixed(shown), fixed(texts))


def chosen(rows: list[Conversation], vectors: Embeddings, strategy: str, seed: int = 0, **more: Any) -> list[int]:
    settings = load("sampling", strategy).Settings.model_validate({"strategy": strategy, **more})
    return [row.row for row in sample_embedded(rows, SampleSettings(sample=settings, seed=seed), vectors)]


@given(st.permutations(range(40)))
def test_clusters_are_the_directions_that_vectors_lie_around(order: list[int]) -> None:
    numbers = clusters_of(fixed(around(4, 10))[order], 4, 20).tolist()
    axes = [position // 10 for position in order]
    assert len(set(numbers)) == len(set(axes)) == len(set(zip(numbers, axes, strict=True)))


@given(st.integers(1, 7), st.integers(2, 9), st.integers(1, 5))
def test_clusters_are_the_same_whatever_is_summed_together(block: int, count: int, rounds: int) -> None:
    vectors = fixed(unit(np.random.default_rng(count).normal(size=(40, 6))))
    whole = clusters_of(vectors, count, rounds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "BLOCK", block)
        assert clusters_of(vectors, count, rounds).tolist() == whole.tolist()


def test_equal_vectors_are_one_start_and_one_cluster() -> None:
    vectors = fixed(np.tile(unit([[1.0, 2.0]]), (9, 1)))
    assert clusters_of(vectors, 4, 3).tolist() == [0] * 9


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30))
def test_clusters_give_rows_in_turn(numbers: list[int]) -> None:
    ordered = [row.row for row in in_turn(table(len(numbers)), numbers)]
    assert sorted(ordered) == list(range(len(numbers)))
    sizes = Counter(numbers)
    for end in range(len(numbers) + 1):
        taken = Counter(numbers[row] for row in ordered[:end])
        open_ones = [taken[number] for number in sizes if taken[number] < sizes[number]]
        assert not open_ones or max(taken.values(), default=0) - min(open_ones) <= 1


def test_a_diverse_subset_has_more_of_rare_images_than_a_draw_and_nests() -> None:
    frequent, rare = around(2, 90)[:90], around(2, 10)[10:]
    vectors = embeddings(np.concatenate([frequent, rare]))
    rows = table(100)
    smaller, larger = (chosen(rows, vectors, "diverse", clusters=8, count=count) for count in (20, 30))
    assert sum(row >= 90 for row in smaller) > 2 and set(smaller) <= set(larger)


def test_the_best_agreement_is_taken_and_equal_ones_by_digest() -> None:
    images = np.tile(np.eye(4, dtype=np.float32)[:1], (6, 1))
    cosines = [0.1, 0.9, 0.5, 0.5, 0.5, 0.7]
    texts = np.array([[cosine, (1 - cosine**2) ** 0.5, 0, 0] for cosine in cosines], np.float32)
    vectors = embeddings(images, texts)
    assert vectors.agreement() / ONE**2 == pytest.approx(cosines, abs=1 / ONE)
    assert chosen(table(6), vectors, "clip_score", count=2) == [1, 5]
    last = min((2, 3, 4), key=lambda row: rank(7, row))
    assert chosen(table(6), vectors, "clip_score", seed=7, count=3) == sorted([1, 5, last])


@pytest.mark.parametrize("strategy", ["diverse", "clip_score"])
@given(st.integers(0, 12), st.integers(0, 12), st.data())
def test_rows_without_image_keep_their_share_and_subsets_nest(
    strategy: str, images: int, text: int, data: st.DataObject
) -> None:
    if images + text < 2:
        return
    vectors = embeddings(unit(np.random.default_rng(images).normal(size=(images or 1, 6))), text=text)
    if not images:
        zeros = np.zeros((text, 6), np.int16)
        vectors = Embeddings(list(range(text)), zeros, zeros)
    count = data.draw(st.integers(1, images + text - 1))
    smaller, larger = (chosen(table(images, text), vectors, strategy, count=each) for each in (count, count + 1))
    assert set(smaller) <= set(larger) and len(smaller) == count
    without = sum(row >= images for row in smaller)
    assert text * count // (images + text) <= without <= -(-text * count // (images + text))


def test_embeddings_are_read_as_they_were_written(tmp_path: Path) -> None:
    images, texts = around(2, 3), around(3, 2)
    write_embeddings(tmp_path / "a.safetensors", [0, 2, 3, 5, 8, 9], images, texts)
    content = read_embeddings(tmp_path / "a.safetensors")
    assert content.rows == [0, 2, 3, 5, 8, 9]
    assert np.abs(content.images / ONE - images).max() <= 0.5 / ONE and (content.texts == fixed(texts)).all()
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes((tmp_path / "a.safetensors").read_bytes()[:-5])
    with pytest.raises(PipelineError, match="no complete file of embeddings"):
        read_embeddings(cut)


def test_rows_left_out_of_a_table_leave_the_embeddings_of_the_others() -> None:
    vectors = embeddings(around(3, 4))
    remaining = table(12)[::2]
    assert chosen(remaining, vectors, "diverse", clusters=2, count=3) == chosen(
        remaining, vectors.of([0, 2, 4, 6, 8, 10]), "diverse", clusters=2, count=3
    )


def test_embeddings_of_other_rows_are_refused() -> None:
    with pytest.raises(PipelineError, match="of other rows"):
        chosen(table(3), embeddings(around(1, 2)), "clip_score", count=1)


def study(path: Path, subset: dict[str, Any], **trainings: Any) -> Study:
    """Return the study `mini` with one more subset, and with changes of trainings."""
    tree = YAML(typ="safe").load(ROOT / "studies/mini.yaml")
    tree["subsets"]["chosen"] = {"table": "mini_instructions", **subset}
    for name, changes in trainings.items():
        tree["trainings"][name].update(changes)
    with (path / "study.yaml").open("w") as file:
        YAML().dump(tree, file)
    return load_study(path / "study.yaml")


DIVERSE = {"strategy": "diverse", "fraction": 0.5}


@pytest.mark.parametrize(
    ("subset", "match"),
    [
        ({"sample": DIVERSE}, r"the strategy diverse reads embeddings(?s:.*)embedded_by"),
        ({"sample": DIVERSE, "embedded_by": "full"}, "kind vlm; expected clip"),
        ({"sample": DIVERSE, "embedded_by": "towr"}, r"no such weights or training(?s:.*)tower"),
        ({"sample": DIVERSE, "embedded_by": "tower", "table": "mini_text"}, "no images to embed"),
        ({"sample": {"strategy": "length", "count": 3}, "embedded_by": "tower"}, "length reads no embeddings"),
    ],
)
def test_a_subset_that_cannot_be_chosen_is_refused(tmp_path: Path, subset: dict[str, Any], match: str) -> None:
    with pytest.raises(PipelineError, match=match):
        study(tmp_path, subset)


def test_a_clip_that_is_trained_on_what_it_chooses_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="trained on the subset that it is to choose"):
        study(tmp_path, {"sample": DIVERSE, "embedded_by": "tower"}, tower={"subset": "chosen"})


def test_a_run_needs_the_training_that_chose_its_rows(tmp_path: Path) -> None:
    tree = study(tmp_path, {"sample": DIVERSE, "embedded_by": "tower"}, full={"subset": "chosen", "start": "untrained"})
    assert "tower" in needed_trainings(tree)
    assert len(needed_trainings(tree)) == len(set(needed_trainings(tree)))
