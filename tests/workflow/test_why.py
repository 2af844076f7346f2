"""`vlmflow why` and `vlmflow check`: what would run and what causes it; what is missing or altered."""

from tests.project import ALONE, Project


def why(project: Project, *targets: str) -> str:
    done = project.run("vlmflow", "why", "--study", "mini", *targets)
    assert done.returncode == 0, done.text
    return done.text


def test_nothing_would_run_on_a_finished_study(finished: Project) -> None:
    done = finished.run("vlmflow", "why", "--study", "mini", **ALONE)
    assert (done.returncode, done.text) == (0, "Nothing would run.\n")


def test_a_changed_setting_is_named_with_both_values(mini: Project) -> None:
    mini.edit("studies/mini.yaml", "learning_rate: 3.0e-3", "learning_rate: 5.0e-3")
    text = why(mini)
    assert "train pretrained  (" in text and "recipe.learning_rate: 0.003 → 0.005" in text
    assert "below train pretrained, which runs" in text
    assert "9 stages, " in text and " s by their records" in text


def test_a_changed_module_is_named(mini: Project) -> None:
    mini.edit("src/pipeline_lib/benchmarks/families/yes_no.py", '{"No", "not", "no"}', '{"No", "not", "no", "nope"}')
    text = why(mini)
    assert "score full-pope" in text and "code of pipeline_lib.benchmarks.families.yes_no changed" in text
    assert not [line for line in text.splitlines() if line.startswith(("train ", "predict "))]


def test_a_study_that_never_ran_says_so(fresh: Project) -> None:
    text = why(fresh)
    assert text.count("it was never made") == 43 and "43 unknown" in text


def test_check_finds_what_is_missing_and_altered(mini: Project) -> None:
    assert mini.run("vlmflow", "check").returncode == 0
    (mini.root / "results/mini/checkpoints/half/model.safetensors").unlink()
    score = mini.root / "results/mini/scores/full/pope.json"
    score.write_text(score.read_text().replace("0.5", "0.9"))
    (mini.root / "data/images/mini_scenes/000.manifest.json").unlink()
    done = mini.run("vlmflow", "check")
    assert done.returncode == 1
    assert "results/mini/checkpoints/half/model.safetensors: missing" in done.text
    assert "results/mini/scores/full/pope.json: altered since" in done.text
    assert "data/images/mini_scenes/000.manifest.json: missing" in done.text
