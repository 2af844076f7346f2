"""How a numeric job computes: the study says it, and nothing in a person's environment can undo it."""

import os
from pathlib import Path

import pytest

from pipeline_lib.config import stages
from pipeline_lib.config.load import load_study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.machine.environment import check_environment, fix_numerics
from pipeline_lib.machine.numerics import PORTABLE, NumericSettings
from tests.project import ROOT

HERE = {"MKL_CBWR": "AVX512", "ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "OMP_DYNAMIC": "1"}


@pytest.fixture()
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what a person may have set, and forget afterwards what a job has."""
    for name in [*PORTABLE, "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", *HERE]:
        monkeypatch.setenv(name, HERE.get(name, "7"))


@pytest.mark.usefixtures("variables")
def test_a_portable_job_has_no_numeric_variables_but_its_own() -> None:
    fix_numerics(NumericSettings(threads=2, numerics="portable"))
    assert {name: os.environ[name] for name in PORTABLE} == PORTABLE
    assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "2"
    assert not {"MKL_ENABLE_INSTRUCTIONS", "OMP_DYNAMIC"} & set(os.environ)


@pytest.mark.usefixtures("variables")
def test_a_native_job_keeps_a_persons_variables_but_its_threads() -> None:
    fix_numerics(NumericSettings(threads=2, numerics="native"))
    assert {name: os.environ[name] for name in HERE} == HERE
    assert os.environ["OMP_NUM_THREADS"] == "2"


def test_what_acts_before_a_job_begins_is_refused_where_numbers_are_portable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2_Usable")
    with pytest.raises(PipelineError, match="unset GLIBC_TUNABLES"):
        check_environment("portable")
    check_environment("native")


@pytest.mark.parametrize(
    ("device", "numerics", "expected"),
    [("cpu", None, "portable"), ("cpu", "native", "native"), ("cuda", None, "native")],
)
def test_numbers_are_portable_on_the_cpu_unless_the_study_says_otherwise(
    device: str, numerics: str | None, expected: str
) -> None:
    study = load_study(ROOT / "studies/mini.yaml").model_copy(update={"device": device, "numerics": numerics})
    assert stages.train(study, "full").numerics == expected
    assert stages.predict(study, "full", "pope").numerics == expected
    assert stages.weights(study, "mini_llama").numerics == stages.merge(study, "full").numerics == expected


def test_a_study_on_gpus_cannot_be_portable(tmp_path: Path) -> None:
    text = (ROOT / "studies/mini.yaml").read_text()
    path = tmp_path / "study.yaml"
    path.write_text(text.replace("device: cpu", "device: cuda\nnumerics: portable"))
    with pytest.raises(PipelineError, match="numerics: portable is for device: cpu"):
        load_study(path)
