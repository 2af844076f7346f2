"""The paths of a study: where a model is depends on what its training saves; what a study lacks has no path."""

from pathlib import Path

import pytest

from pipeline_lib.config.load import load_study, study_path
from pipeline_lib.config.paths import Paths, base_of
from pipeline_lib.config.study import Study
from pipeline_lib.machine.slurm_site import Cluster, Partition
from pipeline_lib.training.settings import Devices
from pipeline_lib.workflow.resources import Requests, nodes_of


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(study_path("config"))


@pytest.fixture()
def paths(study: Study) -> Paths:
    return Paths(study, "results")


@pytest.mark.parametrize(
    ("model", "folder"),
    [
        ("digits_llama", "data/weights/digits_llama"),
        ("full", "results/checkpoints/full"),
        ("lora", "results/merged/lora"),
        ("pretrained", "results/merged/pretrained"),
    ],
)
def test_a_model_is_where_its_training_saves_it(paths: Paths, model: str, folder: str) -> None:
    assert paths.model_folders(model) == [folder]
    assert paths.model_manifests(model) == [f"{folder}.manifest.json"]


def test_what_a_training_lacks_has_no_path(paths: Paths, study: Study) -> None:
    untrained = study.trainings["untrained"]
    assert paths.subset_manifests(untrained.subset) == []
    assert paths.tables_of(untrained) == paths.images_of(untrained) == paths.verdicts("untrained") == []
    assert paths.model_folders(*base_of(untrained)) == [
        "results/checkpoints/language",
        "results/checkpoints/tower",
    ]


def test_a_training_waits_for_the_verdict_on_what_it_reads(paths: Paths) -> None:
    assert paths.verdicts("full") == ["results/previews/full.verdict.json"]
    assert paths.verdicts("tower") == ["results/pairs/tower.verdict.json"]


def test_a_dataset_has_a_path_for_every_shard(paths: Paths) -> None:
    assert paths.raw_manifests("digits_scenes") == [
        "data/raw/digits_scenes/000.manifest.json",
        "data/raw/digits_scenes/001.manifest.json",
    ]
    assert paths.image_files(["digits_pope"]) == ["data/images/digits_pope/000.tar", "data/raw/digits_pope/000"]


def test_only_a_rehearsal_on_a_part_has_choices(paths: Paths, study: Study) -> None:
    assert paths.choices("benchmarks", "pope") == paths.choices_about("digits_test_scenes") == []
    limited = Paths(study.model_copy(update={"limit": object()}), "results")
    assert limited.choices("benchmarks", "pope") == ["results/chosen/benchmarks/pope"]


def test_results_are_of_every_benchmark_and_run(paths: Paths, study: Study) -> None:
    assert paths.scores() == [f"results/{name}_score.json" for name in study.benchmarks]
    submitted = [f"results/submissions/{run}/{name}" for name in ("mmbench.xlsx", "vqa.json") for run in study.runs]
    assert sorted(paths.submissions()) == sorted(submitted)


def test_requests_grow_up_to_the_limit_of_the_site() -> None:
    site = Cluster(partitions={"cpu": Partition(max_mem_mb=5000)})
    growing = Requests(site).growing("mem_mb", 2000)
    assert [growing(None, attempt) for attempt in (1, 2, 3)] == [2000, 4000, 5000]
    assert [Requests(Cluster()).growing("mem_mb", 2000)(None, attempt) for attempt in (1, 3)] == [2000, 6000]


def test_a_shard_gets_its_part_of_the_cores_if_its_files_occupy_them(tmp_path: Path) -> None:
    large, small = tmp_path / "large.manifest.json", tmp_path / "small.manifest.json"
    large.write_text('{"listing": {"count": 100000}}')
    small.write_text('{"files": [{}, {}]}')
    cores = Requests(Cluster()).cores_of_shard
    assert [cores(large, shards, 16) for shards in (1, 3, 16, 60)] == [16, 5, 1, 1]
    assert [cores(manifest, 1, 16) for manifest in (small, tmp_path / "none")] == [1, 1]
    nodes = Requests(Cluster(partitions={"cpu": Partition(max_threads=8), "few": Partition(max_threads=4)}))
    assert nodes.cores_of_shard(large, 1, None) == 8 and cores(large, 1, None) == 1


def test_a_single_node_is_not_requested() -> None:
    assert nodes_of(Devices()) is None
