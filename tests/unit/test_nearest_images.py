"""The training images that look most like an image of a question, and where their perceptual hashes come from."""

from pathlib import Path

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.overlap import nearest_images
from pipeline_lib.overlap.fingerprints import fingerprints
from pipeline_lib.overlap.image_looks import computed_looks, image_paths, known_looks
from pipeline_lib.overlap.nearest_images import NearImages, QuestionImage, near_images
from pipeline_lib.overlap.prints import write_prints
from tests.image_shelf import Shelf, encoded, picture


@pytest.fixture()
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Return training images, of which `saved` and `small` are copies of the question's image, and that image."""
    monkeypatch.chdir(tmp_path)
    shelf = Shelf(tmp_path)
    scene = picture(0)
    copies = {"saved.jpg": encoded(scene, "JPEG", quality=60), "small.png": encoded(scene.resize((48, 32)), "PNG")}
    others = {f"{seed}.png": encoded(picture(seed), "PNG") for seed in range(1, 6)}
    shelf.add("train", "jpeg", {**copies, **others})
    shelf.add("test", "jpeg", {"scene.png": encoded(scene, "PNG")})
    return shelf


def rows_of(shelf: Shelf) -> dict[str, dict[str, list[str]]]:
    """Return a row about every training image, and a second one about `saved`."""
    names = ["saved.jpg", "small.png", *(f"{seed}.png" for seed in range(1, 6))]
    rows = {shelf.images.pin(f"train/{name}"): {"results/subsets/half": [f"row-{name}"]} for name in names}
    rows[shelf.images.pin("train/saved.jpg")]["results/subsets/half"].append("again")
    return rows


def near(shelf: Shelf, count: int = 3, compute: bool = True) -> NearImages:
    train, test = shelf.indexes
    asked = QuestionImage("test/scene.png", shelf.images.pin("test/scene.png"), test)
    return near_images([asked], rows_of(shelf), [train], count, compute)


def test_copies_in_another_quality_or_size_are_nearer_than_other_images(shelf: Shelf) -> None:
    listed = near(shelf)
    images = listed.images["test/scene.png"]
    assert {image.path for image in images[:2]} == {"train/saved.jpg", "train/small.png"} and listed.compared == 7
    assert [image.distance for image in images] == sorted(image.distance for image in images)
    (saved,) = [image for image in images if image.path == "train/saved.jpg"]
    assert (saved.rows, saved.examples) == ({"results/subsets/half": 2}, ["row-saved.jpg", "again"])


def test_as_many_are_listed_as_wanted_or_as_there_are(shelf: Shelf) -> None:
    assert [len(near(shelf, count).images["test/scene.png"]) for count in (1, 7, 9)] == [1, 7, 7]


def test_hashes_are_computed_once(shelf: Shelf) -> None:
    first = near(shelf)
    for index in shelf.indexes:
        index.with_name(index.name.replace(".index.parquet", ".tar")).unlink()
    assert near(shelf, compute=False) == first


def test_the_fingerprint_stage_has_the_same_hashes_and_needs_no_image(shelf: Shelf) -> None:
    train, pins = shelf.indexes[0], set(rows_of(shelf))
    computed = computed_looks(image_paths(pins, [train]), [train])
    for path in Path(".vlmflow/looks").iterdir():
        path.unlink()
    write_prints(train.with_name("train.fingerprints.parquet"), fingerprints(train))
    assert known_looks(pins, [train]) == computed and set(computed) == pins


def test_without_the_option_many_hashes_are_not_computed_and_the_cause_is_named(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest_images, "FEW", 7)
    unknown = near(shelf, compute=False).unknown
    assert unknown is not None and unknown.startswith("8 of 8 images have no fingerprint yet; --nearest 3")
    assert near(shelf).unknown is None


def test_without_the_option_an_absent_image_is_named_and_with_it_it_is_an_error(shelf: Shelf) -> None:
    (shelf.root / "train.tar").unlink()
    assert "an image's file is missing" in str(near(shelf, compute=False).unknown)
    with pytest.raises(PipelineError, match="an image's file is missing"):
        near(shelf)
