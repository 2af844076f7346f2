"""The paths of a study's artefacts as their readers name them: rules, commands and estimates."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

from pipeline_lib.config.ancestry import needed_trainings, read_conversations, seen_subsets
from pipeline_lib.config.benchmark_data import is_judged
from pipeline_lib.config.rehearsal import limited_datasets
from pipeline_lib.config.study import BenchmarkUse, Composition, Study, Training
from pipeline_lib.core.plugins import load
from pipeline_lib.recipes.base import Multimodal
from pipeline_lib.training.settings import Optimisation

MANIFEST = ".manifest.json"


def present(*names: str | None) -> list[str]:
    """Return the names that are not None."""
    return [name for name in names if name is not None]


def files_at(paths: Iterable[str], suffix: str) -> list[str]:
    """Return paths with a suffix appended."""
    return [f"{path}{suffix}" for path in paths]


@dataclass(frozen=True)
class Paths:
    """The paths of a study; `results` is its folder of results, or Snakemake's placeholder for it."""

    study: Study
    results: str

    def raw_folders(self, *datasets: str | None) -> list[str]:
        """Return the folders of all raw shards of those datasets that are not None."""
        return [f"data/raw/{dataset}/{shard}" for dataset in present(*datasets) for shard in self._shards(dataset)]

    def raw_manifests(self, *datasets: str | None) -> list[str]:
        """Return the manifests of all raw shards of those datasets that are not None."""
        return files_at(self.raw_folders(*datasets), MANIFEST)

    def raw_manifest(self, dataset: str, shard: str) -> Path:
        """Return the manifest of one raw shard."""
        return Path(f"data/raw/{dataset}/{shard}{MANIFEST}")

    def raw_failures(self, dataset: str) -> list[str]:
        """Return the lists of fetch failures of all raw shards of a dataset."""
        return files_at(self.raw_folders(dataset), ".failures.jsonl")

    def shard_files(self, dataset: str, suffix: str) -> list[str]:
        """Return one file of every converted shard of a dataset."""
        return [f"data/images/{dataset}/{shard}{suffix}" for shard in self._shards(dataset)]

    def image_indexes(self, datasets: Iterable[str]) -> list[str]:
        """Return the image indexes of some datasets."""
        return [f"data/images/{dataset}/index.parquet" for dataset in datasets]

    def index_manifests(self, datasets: Iterable[str]) -> list[str]:
        """Return the manifests of the image indexes of some datasets."""
        return [f"data/images/{dataset}/index{MANIFEST}" for dataset in datasets]

    def image_files(self, datasets: Iterable[str]) -> list[str]:
        """Return the files that contain the images of some datasets: archives and raw folders."""
        return [path for name in datasets for path in self.shard_files(name, ".tar") + self.raw_folders(name)]

    def table_rows(self, tables: Iterable[str]) -> list[str]:
        """Return the Parquet files of some tables."""
        return [f"data/tables/{name}.parquet" for name in tables]

    def table_pins(self, table: str) -> str:
        """Return the Parquet file with the pins of a table's rows."""
        return f"data/tables/{table}.pins.parquet"

    def table_manifests(self, tables: Iterable[str]) -> list[str]:
        """Return the manifests of some tables."""
        return [f"data/tables/{name}{MANIFEST}" for name in tables]

    def subset_rows(self, *subsets: str | None) -> list[str]:
        """Return the Parquet files of those subsets that are not None."""
        return [f"{self.results}/subsets/{name}.parquet" for name in present(*subsets)]

    def subset_manifests(self, *subsets: str | None) -> list[str]:
        """Return the manifests of those subsets that are not None."""
        return [f"{self.results}/subsets/{name}{MANIFEST}" for name in present(*subsets)]

    def embeddings(self, subset: str) -> list[str]:
        """Return the path, without suffix, of the embeddings that a subset's strategy reads; empty if it reads none."""
        entry = self.study.subsets[subset]
        return [f"{self.results}/embeddings/{model}/{entry.table}" for model in present(entry.embedded_by)]

    def subsets_beside(self, subset: str) -> list[str]:
        """Return the other subsets of a subset's table."""
        subsets = self.study.subsets
        return [name for name, use in subsets.items() if name != subset and use.table == subsets[subset].table]

    def reports(self) -> list[str]:
        """Return the reports on all subsets."""
        return [f"{self.results}/subsets/{name}.report.json" for name in self.study.subsets]

    def choices(self, part: str, *names: str) -> list[str]:
        """Return the paths, without suffix, of the choices from tables or benchmarks of which only a part is used."""
        return [f"{self.results}/chosen/{part}/{name}" for name in names if self._in_part(part, name)]

    def choices_about(self, dataset: str) -> list[str]:
        """Return the choices that decide which images of a dataset are fetched; empty if all are."""
        if dataset not in limited_datasets(self.study):
            return []
        tables = [name for name, use in self.study.tables.items() if dataset in use.images]
        benchmarks = [name for name, use in self.study.benchmarks.items() if dataset in use.images]
        return self.choices("tables", *tables) + self.choices("benchmarks", *benchmarks)

    def model_folders(self, *models: str | None) -> list[str]:
        """Return the folders of those models that are not None: weights, checkpoints, merged ones of adapters."""
        return [self._model_folder(name) for name in present(*models)]

    def model_manifests(self, *models: str | None) -> list[str]:
        """Return the manifests of those models that are not None."""
        return files_at(self.model_folders(*models), MANIFEST)

    def saved_folder(self, name: str) -> str:
        """Return the folder that weights or a training are saved in; an adapter's is not yet merged."""
        return f"data/weights/{name}" if name in self.study.weights else f"{self.results}/checkpoints/{name}"

    def verdicts(self, training: str) -> list[str]:
        """Return a list with the verdict on the rows of a training; empty if it trains on no rows."""
        recipe = self.study.trainings[training].recipe
        if isinstance(recipe, Multimodal):
            return [f"{self.results}/previews/{training}.verdict.json"]
        return [f"{self.results}/pairs/{training}.verdict.json"] if isinstance(recipe, Optimisation) else []

    def previews(self) -> list[str]:
        """Return the preview pages of those trainings that read conversations and that the study's runs need."""
        return [f"{self.results}/previews/{name}.html" for name in read_conversations(self.study)]

    def scores(self) -> list[str]:
        """Return the score files of the study's benchmarks, except those whose gold answers are not public."""
        return [f"{self.results}/{name}_score.json" for name in self.scored()]

    def scored(self) -> list[str]:
        """Return the benchmarks that the study scores: those with public gold answers."""
        return [name for name, use in self.study.benchmarks.items() if use.scored]

    def of_runs(self, folder: str, suffix: str) -> list[str]:
        """Return the file of every run on every scored benchmark, in a folder of results; first by benchmark."""
        return [f"{self.results}/{folder}/{run}/{name}{suffix}" for name in self.scored() for run in self.study.runs]

    def judged(self, run: str, benchmark: str) -> list[str]:
        """Return the path, without suffix, of the replies about a run's answers; nothing if no model judges them."""
        use = self.study.benchmarks[benchmark]
        judged = use.judge is not None or is_judged(use.benchmark)
        return [f"{self.results}/judged/{run}/{benchmark}"] if judged else []

    def seen_subsets(self) -> list[str]:
        """Return the subsets that the models of the study's runs were trained or validated on, sorted."""
        return sorted({subset for run in self.study.runs for subset in seen_subsets(self.study, run)})

    def fingerprints(self, benchmark: str) -> list[str]:
        """Return the manifests of the fingerprints that the overlap of a benchmark compares."""
        tables = [self.study.subsets[name].table for name in self.seen_subsets()]
        datasets = [name for table in tables for name in self.study.tables[table].images]
        return self.prints_of(datasets + self.study.benchmarks[benchmark].images)

    def prints_of(self, datasets: Iterable[str]) -> list[str]:
        """Return the manifests of the fingerprints of some datasets, each once."""
        suffix = f".fingerprints{MANIFEST}"
        return [path for name in dict.fromkeys(datasets) for path in self.shard_files(name, suffix)]

    def held_subsets(self, subset: str) -> list[str]:
        """Return the subsets whose rows and images a subset leaves out."""
        holdout = self.study.subsets[subset].holdout
        return holdout.subsets if holdout else []

    def shared_images(self, subset: str) -> list[str]:
        """Return the paths, without suffix, of the lists of benchmarks' images that a subset leaves out."""
        entry = self.study.subsets[subset]
        names = entry.holdout.benchmarks if entry.holdout else []
        return [f"{self.results}/shared/{entry.table}/{name}" for name in names]

    def overlaps(self) -> list[str]:
        """Return the tables of overlap, and the scores without it, if the study states `overlap`."""
        uses = self.study.benchmarks if self.study.overlap is not None else {}
        tables = [f"{self.results}/overlap/{name}.json" for name in uses]
        return tables + [f"{self.results}/{name}_overlap.json" for name, use in uses.items() if use.scored]

    def submissions(self) -> list[str]:
        """Return the submission files of the study's benchmarks, one for every run."""
        suffixes = {
            name: getattr(load("benchmarks", use.benchmark), "SUBMISSION", None)
            for name, use in self.study.benchmarks.items()
        }
        return [
            f"{self.results}/submissions/{run}/{name}.{suffix}"
            for name, suffix in suffixes.items()
            if suffix
            for run in self.study.runs
        ]

    def curves(self) -> list[str]:
        """Return the curves of the trainings that the study's runs need."""
        return [f"{self.results}/checkpoints/{name}.curve.csv" for name in needed_trainings(self.study)]

    def health(self) -> list[str]:
        """Return the counts of the images of every converted dataset of the study."""
        return [f"data/images/{name}/health.json" for name, entry in self.study.datasets.items() if entry.convert]

    def rejected(self) -> list[str]:
        """Return the lists of rejected rows of the study's tables."""
        return [f"data/tables/{name}.rejected.jsonl" for name in self.study.tables]

    def tables_of(self, training: Training) -> list[str]:
        """Return the tables of a training's subset and of its rows for validation, if it has them."""
        return [self.study.subsets[name].table for name in present(training.subset, training.validation)]

    def images_of(self, training: Training) -> list[str]:
        """Return the datasets that contain the images of a training's rows."""
        tables = self.tables_of(training)
        return list(dict.fromkeys(dataset for name in tables for dataset in self.study.tables[name].images))

    def _shards(self, dataset: str) -> list[str]:
        return [f"{number:03d}" for number in range(self.study.datasets[dataset].shards)]

    def _in_part(self, part: str, name: str) -> bool:
        return self.study.limit is not None or (part == "benchmarks" and self.study.benchmarks[name].in_part)

    def _model_folder(self, name: str) -> str:
        return f"{self.results}/merged/{name}" if self._merged(name) else self.saved_folder(name)

    def _merged(self, name: str) -> bool:
        if name in self.study.weights:
            return self.study.weights[name].base is not None
        return self.study.trainings[name].recipe.saves == "adapter"


def base_of(base: Composition | None) -> list[str]:
    """Return the names of the models that a training starts from, or an adapter was trained on."""
    return [] if base is None else present(base.start, base.tower, base.projector)


def datasets_of(use: BenchmarkUse) -> list[str]:
    """Return the datasets that contain the questions and the gold of a benchmark."""
    return present(use.dataset, use.gold)
