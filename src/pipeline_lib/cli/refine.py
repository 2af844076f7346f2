"""`vlmflow refine`: conversations in which a first answer is corrected, by a strong model behind a server."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from ruamel.yaml import YAML

from pipeline_lib.benchmarks.base import FileNames, check_questions, only, open_files
from pipeline_lib.cli.standing import expect_sound
from pipeline_lib.config.load import load_study, results_folder, study_path
from pipeline_lib.config.paths import Paths, files_at
from pipeline_lib.config.study import Study
from pipeline_lib.conversations.table import read_table
from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError, suggest
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json, write_lines
from pipeline_lib.core.yaml_file import read_yaml, settings_in
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.job.manifest import Manifest
from pipeline_lib.refining.cases import Case, cases_of_answers, cases_of_rows
from pipeline_lib.refining.settings import RefineSettings
from pipeline_lib.rehearsal.chosen import chosen
from pipeline_lib.scoring.answers import join


def refine(
    settings: Annotated[Path, typer.Argument(help="a YAML file of settings (docs/self_correction.md)")],
    out: Annotated[Path, typer.Option(help="the file to write: conversations in LLaVA's JSON")],
) -> None:
    """Write conversations of two rounds: question, first answer, review, refined answer."""
    from pipeline_lib.refining.refine import Refiner, assembled

    wanted = settings_in(
        read_yaml(settings, YAML()), RefineSettings, settings, "a file of `vlmflow refine`", "correct this key"
    )
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    study = load_study(study_path(wanted.study))
    source = Source(study, Paths(study, results_folder(wanted.study, study).as_posix()))
    images, cases = source.cases(wanted)
    expect_sound(wanted.study, source.first)
    state = out.with_name(f"{out.name}.state")
    state.mkdir(parents=True, exist_ok=True)
    refiner = Refiner(wanted, images, state)
    rows, rejected, served = assembled(cases, refiner.refine(cases), wanted)
    counts = {"conversations": len(rows), "rejected": len(rejected), "served": served}
    made = {"settings": wanted.model_dump(mode="json"), "inputs": source.inputs, **counts}
    write_text(out, pretty_json(rows))
    write_lines(out.with_suffix(".rejected.jsonl"), rejected)
    write_text(out.with_suffix(".made.json"), pretty_json(made))
    typer.echo(f"{out}: {len(rows)} conversations; {len(rejected)} rejected; spent {refiner.spent()}")


class Source:
    """The artefacts of a study that have questions, images and first answers; `inputs` are digests of those read."""

    def __init__(self, study: Study, paths: Paths) -> None:
        self._study, self._paths = study, paths
        self._cache = DigestCache()
        self.inputs: dict[str, str] = {}
        self.first = Path()  # the manifest of the first answers, once they are read

    def cases(self, wanted: RefineSettings) -> tuple[ImageReader, list[Case]]:
        """Return the images and the cases; missing artefacts raise PipelineError."""
        first = wanted.first
        if first.table is not None:
            table = self._study.tables[_known("table", first.table, self._study.tables)]
            images = self._images(table.images)
            (manifest,) = self._manifests(self._paths.table_manifests([first.table]))
            self.first = manifest.path
            return images, cases_of_rows(read_table(manifest.file(f"{first.table}.parquet")), wanted, images)
        run = _known("run", str(first.run), self._study.runs)
        benchmark = _known("benchmark", str(first.benchmark), self._study.benchmarks)
        use = self._study.benchmarks[benchmark]
        images = self._images(use.images)
        shards = self._manifests(self._paths.raw_manifests(use.dataset))
        files = open_files(shards, FileNames(questions=use.files.questions))
        ids = chosen(
            self._manifests(files_at(self._paths.choices("benchmarks", benchmark), ".manifest.json")), "questions"
        )
        (answers,) = self._manifests([f"{self._paths.results}/answers/{run}/{benchmark}.manifest.json"])
        self.first = answers.path
        questions = check_questions(use.benchmark, use.protocol, files, scored=False).questions
        return images, cases_of_answers(join(only(questions, ids), answers.only_file()), wanted, images)

    def _images(self, datasets: list[str]) -> ImageReader:
        indexes = self._manifests(self._paths.index_manifests(datasets))
        return ImageReader([index.file("index.parquet") for index in indexes])

    def _manifests(self, paths: list[str]) -> list[Manifest]:
        manifests = [Manifest(Path(path), self._cache) for path in paths]
        self.inputs |= {manifest.path.as_posix(): manifest.sha256 for manifest in manifests}
        return manifests


def _known(kind: str, name: str, names: object) -> str:
    """Return the name of an entry of the study; an unknown one raises PipelineError."""
    known = list(names) if isinstance(names, dict) else []
    if name not in known:
        raise PipelineError(f"the study has no such {kind}", where="first", value=name, cure=suggest(name, known))
    return name
