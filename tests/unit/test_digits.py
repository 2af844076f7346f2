"""The world of the default study: disjoint scans, honest negatives, official files."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pipeline_lib.core.plugins import load
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.digits.conversations import instruction_rows, text_rows
from pipeline_lib.digits.formats import BROKEN, CYCLE
from pipeline_lib.digits.pope import label_rows, question_rows
from pipeline_lib.digits.questions import SHORT
from pipeline_lib.digits.render import SCANS, draw, encode, image_name, scans_of
from pipeline_lib.digits.scene import NAMES, caption, draw_scene, scene_words
from pipeline_lib.images.decode import UnreadableImageError, open_image, seen
from pipeline_lib.images.pixels import to_rgb
from pipeline_lib.sources.base import shard_of

PARTS = ("train", "dev", "test")


def test_no_scan_serves_two_parts() -> None:
    used = {part: {scan for scans in scans_of(part).values() for scan in scans} for part in PARTS}
    assert sum(map(len, used.values())) == len(set().union(*used.values())) == 1797
    for part in PARTS:
        assert used[part] == set(SCANS[part])
        assert all(len(scans) >= 20 for scans in scans_of(part).values())


def test_a_scene_is_a_function_of_seed_part_and_number() -> None:
    scenes = [draw_scene(0, part, number) for part in PARTS for number in range(50)]
    assert scenes == [draw_scene(0, part, number) for part in PARTS for number in range(50)]
    assert len(set(scenes)) > 130
    for scene in scenes:
        assert 1 <= len(scene.digits) == len(set(scene.digits)) == len(set(scene.cells)) <= 4


def test_words_tell_what_the_caption_says() -> None:
    scene = draw_scene(0, "train", 3)
    for digit in scene.digits:
        assert NAMES[digit] in scene_words(scene).split() and f"a {NAMES[digit]} at" in caption(scene)
    assert len(scene_words(scene).split()) == 4


def scene_file(part: str, number: int) -> bytes:
    return encode(draw_scene(0, part, number), 0, part, number)


def test_files_come_in_the_formats_of_a_real_download() -> None:
    counts = Counter()
    for number in range(len(CYCLE)):
        data = scene_file("test", number)
        found = seen(open_image(data), data)
        counts[(Path(image_name("test", number)).suffix, found.format, found.mode, found.frames)] += 1
    assert counts[(".jpg", "JPEG", "RGB", 1)] > len(CYCLE) / 2
    for kind in (
        *[(".png", "PNG", mode, 1) for mode in ("L", "RGBA", "LA", "P", "I;16", "1")],
        *[(".webp", "WEBP", "RGB", 1), (".bmp", "BMP", "L", 1), (".tif", "TIFF", "L", 1)],
        *[(".jpg", "JPEG", "CMYK", 1), (".jpeg", "JPEG", "RGB", 1), (".JPG", "JPEG", "RGB", 1)],
    ):
        assert counts[kind], kind
    assert any(suffix == ".jpg" and name == "GIF" for suffix, name, _, _ in counts)  # as in OCR-VQA
    assert any(name == "GIF" and frames == 2 for _, name, _, frames in counts)


@pytest.mark.parametrize("number", range(len(CYCLE)))
def test_every_file_shows_its_scene_to_the_original(number: int) -> None:
    """By the rule `llava`; what JPEG and WebP lose, and what one bit cannot hold, aside."""
    drawn = draw(draw_scene(0, "dev", number), derive_seed(0, "digits picture", image_name("dev", number)), "dev")
    shown = to_rgb(open_image(scene_file("dev", number)), "llava")
    lossy = {"jpeg": 12, "turned_jpeg": 12, "cmyk_jpeg": 12, "webp": 12, "one_bit_png": 128}
    apart = np.abs(np.asarray(shown).astype(int) - np.asarray(drawn)[..., None])
    assert apart.max() <= lossy.get(CYCLE[number][1], 0)


def test_some_files_of_the_training_part_are_broken_and_none_of_the_others() -> None:
    reasons = []
    for number in BROKEN:
        with pytest.raises(UnreadableImageError) as error:
            open_image(scene_file("train", number))
        reasons.append(str(error.value).split(" (")[0])
        assert image_name("train", number).endswith(".jpg")
        for part in ("dev", "test"):
            open_image(scene_file(part, number))
    assert reasons == ["cut off or damaged", "empty file", "no image of a known format"]


@pytest.mark.parametrize("category", ["random", "popular", "adversarial"])
def test_labels_are_true_and_balanced(category: str) -> None:
    rows = label_rows(0, "test", 100, category)
    assert Counter(row["label"] for row in rows) == {"yes": 100, "no": 100}
    for row in rows:
        scene = draw_scene(0, "test", int(Path(row["image"]).stem))
        asked = next(digit for digit, name in enumerate(NAMES) if f" {name} " in row["text"])
        assert (asked in scene.digits) == (row["label"] == "yes")


def test_questions_are_numbered_and_worded_as_in_llava() -> None:
    rows = question_rows(0, "test", 10)
    assert [row["question_id"] for row in rows[::20]] == [1, 10_000_001, 20_000_001]
    assert all(row["text"].endswith(f"?\n{SHORT}") for row in rows)


def test_instruction_answers_are_true() -> None:
    for row in instruction_rows(0, "train", 50, 100):
        scene = draw_scene(0, "train", int(Path(row["image"]).stem))
        question, answer = (turn["value"] for turn in row["conversations"])
        if question.startswith("<image>\nIs there a "):
            digit = NAMES.index(question.removeprefix("<image>\nIs there a ").split()[0])
            assert answer == ("Yes" if digit in scene.digits else "No")


def test_text_rows_have_no_image() -> None:
    assert all("image" not in row and "<image>" not in row["conversations"][0]["value"] for row in text_rows(0, 50))


def test_shards_share_nothing_and_an_insertion_moves_nothing() -> None:
    names = [image_name("train", number) for number in range(200)]
    before = {name: shard_of(name, 4) for name in names}
    assert set(before.values()) == {0, 1, 2, 3}
    assert {name: shard_of(name, 4) for name in [*names, "new.jpg"]}.items() >= before.items()


def test_a_folder_is_taken_in_place(tmp_path: Path) -> None:
    source = load("sources", "folder")
    (tmp_path / "mine" / "deep").mkdir(parents=True)
    (tmp_path / "mine" / "deep" / "a.jpg").write_bytes(b"x")
    settings = source.Settings(kind="folder", path=str(tmp_path / "mine"))
    assert source.list_names(settings, 0) == ["deep/a.jpg"]
    (tmp_path / "out").mkdir()
    source.fetch(settings, 0, ["deep/a.jpg"], tmp_path / "out")
    assert (tmp_path / "out" / "deep" / "a.jpg").is_symlink()
