"""Small random checkpoints in the layouts of others."""

from pathlib import Path

import pytest

from tests.checkpoints.making import llava_of, make_clip, make_original, original_config, original_tensors


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a random CLIP model."""
    return make_clip(tmp_path_factory.mktemp("clip") / "model")


@pytest.fixture(scope="session")
def original(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an original LLaVA on Llama, as the original's full fine-tuning writes it; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("original") / "model"
    return make_original(folder, original_tensors(llava_of(clip)), original_config())
