"""Site paths: one file of this machine says where a study's folders lie; no setting does."""

from pathlib import Path

import pytest

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.site import locate
from tests.project import ROOT


def site(folder: Path, text: str) -> Path:
    (folder / "site.yaml").write_text(text)
    return folder / "site.yaml"


def test_a_name_stands_for_a_folder_of_this_machine(tmp_path: Path) -> None:
    file = site(tmp_path, "paths:\n  llava: /data/llava\n")
    assert locate("site:llava", file) == Path("/data/llava")
    assert locate("site:llava/images/train", file) == Path("/data/llava/images/train")


def test_other_paths_need_no_file(tmp_path: Path) -> None:
    for path in ("/data/photos", "photos", "a:b/c"):
        assert locate(path, tmp_path / "site.yaml") == Path(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ["there is no such file", "names no path 'lava'"]),
        ("paths: {llava: /data/llava}", ["names no path 'lava'", "did you mean 'llava'?"]),
        ("paths: {}", ["names no path 'lava'", "no name is known"]),
        ("paths: {lava: data}", ["begins with /", "site.yaml:1: paths.lava"]),
        ("paths: {lava: 3}", ["valid string"]),
        ("path: {lava: /data}", ["site.yaml:1: path"]),
        ("", ["not a list of site paths"]),
        ("paths:\n  lava: [1", ["not valid YAML", "site.yaml:2"]),
    ],
)
def test_a_fault_is_named_with_its_cure(tmp_path: Path, text: str | None, expected: list[str]) -> None:
    file = tmp_path / "site.yaml" if text is None else site(tmp_path, text)
    with pytest.raises(PipelineError) as caught:
        locate("site:lava/images", file)
    for part in expected:
        assert part in str(caught.value)


def test_a_missing_name_comes_with_a_line_to_add(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"value: 'site:lava/images'\n.*`  lava: /path/to/the/folder`"):
        locate("site:lava/images", tmp_path / "site.yaml")


def test_the_example_is_a_site_file_and_the_real_one_is_in_no_repository() -> None:
    assert locate("site:llava/images", ROOT / "site.example.yaml") == Path("/data/llava/images")
    assert "/site.yaml" in (ROOT / ".gitignore").read_text().splitlines()
