"""Grad-CAM of a CLIP, its pictures, and the command that writes them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from pipeline_lib.cli.gradcam import LIST
from pipeline_lib.cli.main import app
from pipeline_lib.core.digests import digest_file
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.images.heat import hottest, jet, overlay, panels
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.models.clip import Clip, open_clip, text_logits
from pipeline_lib.models.grad_cam import grad_cam

TEXTS = ["red", "green", "three four five"]


@pytest.fixture()
def clip(tower: Path) -> Clip:
    opened = open_clip(tower)
    opened.model.eval()
    return opened


@pytest.fixture()
def pixels(clip: Clip, images: ImageReader) -> torch.Tensor:
    return clip.show(images.open("3.jpg", images.row("3.jpg").pin))


def test_the_heat_is_the_weighted_sum_of_maps_by_hand(clip: Clip, pixels: torch.Tensor) -> None:
    """The 2 x 2 grid of a 32 x 32 image, by what a small change of the layer's output does to the logit."""
    tokens, target = clip.encode(TEXTS), 1
    layer, seen = clip.model.vision_model.encoder.layers[-1].layer_norm1, []
    change = torch.zeros(1, 5, 32, dtype=torch.float64)

    def changed(module: torch.nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
        seen.append(output)
        return output + change

    clip.model.double()
    handle = layer.register_forward_hook(changed)
    slopes = torch.zeros(4, 32, dtype=torch.float64)
    with torch.no_grad():
        for patch in range(4):
            for channel in range(32):
                both = []
                for step in (1e-4, -1e-4):
                    change.zero_()[0, patch + 1, channel] = step
                    both.append(text_logits(clip.model, tokens, pixels[None].double())[0, target])
                slopes[patch, channel] = (both[0] - both[1]) / 2e-4
    handle.remove()
    expected = torch.relu((seen[0][0, 1:] * slopes.mean(0)).sum(1))
    expected = (expected - expected.min()) / (expected - expected.min()).max()
    cam = grad_cam(clip, tokens, pixels.double(), target)
    corners = cam.heat[[0, 0, -1, -1], [0, -1, 0, -1]]  # where the four patches are alone
    assert corners == pytest.approx(expected.numpy(), abs=1e-4)
    assert cam.heat.shape == (32, 32) and (cam.heat.min(), cam.heat.max()) == (0, pytest.approx(1))


def test_the_target_is_the_nearest_text_if_none_is_named(clip: Clip, pixels: torch.Tensor) -> None:
    tokens = clip.encode(TEXTS)
    cams = [grad_cam(clip, tokens, pixels, target) for target in range(3)]
    nearest = int(np.argmax(cams[0].probabilities))
    free = grad_cam(clip, tokens, pixels)
    assert free.target == nearest and np.array_equal(free.heat, cams[nearest].heat)
    assert not all(np.array_equal(cams[0].heat, cam.heat) for cam in cams)
    assert not clip.model.vision_model.encoder.layers[-1].layer_norm1._forward_hooks


def test_a_model_with_damaged_weights_has_no_heat(clip: Clip, pixels: torch.Tensor) -> None:
    with torch.no_grad():
        clip.model.visual_projection.weight.mul_(float("nan"))
    with pytest.raises(PipelineError, match="logits that are not finite"):
        grad_cam(clip, clip.encode(TEXTS), pixels)


def test_colours_run_from_blue_over_green_to_red() -> None:
    heat = np.array([[0, 0.5, 1]], dtype=np.float32)
    blue, green, red = jet(heat)[0]
    assert blue.tolist() == [0, 0, 128] and red.tolist() == [128, 0, 0]
    assert green[1] == 255 and abs(int(green[0]) - int(green[2])) <= 4
    white = np.full((1, 3, 3), 255, dtype=np.uint8)
    assert overlay(white, heat).max() == 255  # the brightest value is white, as there


def test_the_hottest_fifth_keeps_its_brightness() -> None:
    heat = np.arange(100, dtype=np.float32).reshape(10, 10) / 99
    image = np.full((10, 10, 3), 200, dtype=np.uint8)
    shown = hottest(image, heat)
    assert (shown == 200).all(-1).sum() == 20 and (shown[heat < 0.5] == 60).all()
    assert panels(Image.new("RGB", (5, 7)), heat).size == (40, 10)


def test_the_command_writes_pictures_and_says_how_they_were_made(
    tower: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / f"{'knee' * 60}.png"  # 244 bytes of 255
    Image.effect_noise((60, 40), 80).save(file)
    monkeypatch.setenv("MKL_CBWR", "AVX2,STRICT")
    options = ["gradcam", str(tower), "--image", str(file), "--benchmark", "knee_grading", "--target", "2"]
    done = CliRunner().invoke(app, [*options, "--output", str(tmp_path / "a")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    (row,) = (content := json.loads((tmp_path / "a" / LIST).read_text()))["images"]
    assert (row["target"], row["sha256"], row["picture"]) == (
        *(2, digest_file(file)),
        f"gradcam_000_{'knee' * 50}.png",
    )
    assert len(row["probabilities"]) == len(content["texts"]) == 5 and content["layer"].endswith("layer_norm1")
    assert Image.open(tmp_path / "a" / row["picture"]).size == (4 * 32, 32)
    for wrong, match in (
        (["--output", str(tmp_path / "a")], "this folder exists"),
        (["--output", str(file / "b")], "no folder can be here"),
        (["--output", str(tmp_path / "b"), "--image", str(tmp_path / "none.png")], "no such image"),
        (["--output", str(tmp_path / "b"), "--text", "red"], "one of several texts"),
        (["--output", str(tmp_path / "b"), *["--text", "red"] * 3], "two texts are the same"),
        (["--output", str(tmp_path / "b"), "--text", "red", "--text", "green"], "no text has this number"),
    ):
        with pytest.raises(PipelineError, match=match):
            CliRunner().invoke(app, [*options, *wrong], catch_exceptions=False)
    assert not (tmp_path / "b").exists()
