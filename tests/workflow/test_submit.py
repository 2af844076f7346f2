"""Benchmarks to hand in: which jobs a study of them has."""

from ruamel.yaml import YAML

from tests.project import Project

ENDS = ("", ".cut.jsonl", ".whole.tsv", ".manifest.json")
BENCHMARK = """
  {name}:
    benchmark: mmbench
    dataset: mini_mmbench
    files: {{questions: mmbench_dev.tsv}}
    images: [mini_mmbench]
    scored: {scored}
"""


def test_a_study_hands_in_what_its_benchmarks_can_and_scores_what_is_public(fresh: Project) -> None:
    dataset = "  mini_mmbench:\n    source: {kind: digits_mmbench, part: test, scenes: 2}\n    convert: {to: keep}\n"
    fresh.edit("studies/mini.yaml", "datasets:\n", f"datasets:\n{dataset}")
    study = fresh.root / "studies/mini.yaml"
    uses = [BENCHMARK.format(name="mmbench_dev", scored="true"), BENCHMARK.format(name="mmbench_test", scored="false")]
    study.write_text(study.read_text().rstrip() + "".join(uses))
    planned = fresh.planned()
    assert planned["predict"] == 9  # three runs, and POPE beside the two
    assert (planned["score"], planned["gather"], planned["submit"]) == (6, 2, 6)
    synced = fresh.run("vlmflow", "dvc", "sync", "--study", "mini")
    assert synced.returncode == 0, synced.text
    stages = YAML(typ="safe").load((fresh.root / "dvc.yaml").read_text())["stages"]
    handed_in = [f"results/mini/submissions/full/mmbench_test.xlsx{suffix}" for suffix in ENDS]
    assert sorted(handed_in) in [
        sorted(stage.get("outs", [])) for name, stage in stages.items() if name.startswith("submit-")
    ]
