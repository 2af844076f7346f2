"""A finished study in an instant: files in their real forms with the records of the jobs that would have made them.

Two trainings, `half` and `full`, of which only `full` has the image `train/b.jpg`; both answer two questions of POPE.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.conversations.subset import SubsetRow, write_subset
from pipeline_lib.conversations.table import Conversation
from pipeline_lib.core.digests import DigestCache, digest_bytes, digest_file
from pipeline_lib.core.files import write_text
from pipeline_lib.core.text import pretty_json
from pipeline_lib.images.index import IndexRow, write_index
from pipeline_lib.job.manifest import write_manifest
from pipeline_lib.job.record import write_record
from pipeline_lib.scoring.gather import GatherSettings, gather
from pipeline_lib.scoring.score import ScoreSettings
from pipeline_lib.scoring.verdicts import write_verdicts
from tests.jobs import made_record
from tests.scored import scored_answers
from tests.tables import write_table

HOST, USER_FOLDER, KEY = "node-17.cluster.example", "/home/alice/photos", "hf_" + "a1B2" * 8
MACHINE: dict[str, Any] = {
    "host": HOST,
    "processor": "AMD EPYC",
    "python": "3.11.7",
    "environment": {"OMP_NUM_THREADS": "1"},
    "torch": {"threads": 1, "capability": "AVX2", "cuda": None, "gpus": [], "deterministic": True},
}
REPOSITORY = {"commit": "1234567890abcdef" * 2 + "12345678", "dirty": False, "lock": "a" * 64}
IMAGES = ("train/a.jpg", "train/b.jpg", "test/c.jpg")


@dataclass(frozen=True)
class SmallStudy:
    """The project's folder, and what differs from the usual: a learning rate, threads, texts of answers by run."""

    root: Path
    learning_rate: float = 0.001
    threads: int = 1
    dropped: tuple[int, ...] = ()  # rows that the subset `full` lacks
    weights: str = "weights"

    def make(self) -> "SmallStudy":
        """Lay out all files and records; return itself."""
        self._images()
        self._table()
        for name in ("half", "full"):
            self._training(name)
            self._answers(name)
        scores = [self.root / f"results/scores/{name}/pope.json" for name in ("half", "full")]
        settings = GatherSettings(benchmark="pope", protocol="llava15", runs=["half", "full"])
        write_text(self.root / "results/pope_score.json", pretty_json(gather(scores, settings)))
        inputs = {"scores": [f"results/scores/{name}/pope.json" for name in ("half", "full")]}
        self.record("gather", "results/records/gather/pope.json", inputs, ["results/pope_score.json"], vars(settings))
        return self

    def record(
        self,
        stage: str,
        path: str,
        roles: dict[str, list[str]],
        outputs: list[str],
        settings: dict[str, Any],
        **others: Any,
    ) -> None:
        """Write the record of a job whose files are there."""
        files = [file for listed in roles.values() for file in listed]
        content = made_record(
            stage=stage,
            settings=settings,
            roles=roles,
            inputs={file: digest_file(self.root / file) for file in files},
            outputs={file: digest_file(self.root / file) for file in outputs},
            machine={**MACHINE, "torch": {**MACHINE["torch"], "threads": self.threads}},
            repository=REPOSITORY,
            modules={"pipeline_lib.training.loop": "0123456789abcdef"} if stage == "train" else {},
            libraries={"torch": "2.13.0"} if stage in ("train", "predict") else {},
            **others,
        ).content
        write_record(self.root / path, {**content, "schema": 1, "path": path})

    def manifest(self, *paths: str) -> str:
        """Write the manifest of some files or a folder, named after the first; return its path."""
        first = self.root / paths[0]
        name = first.name if first.is_dir() else first.name.split(".")[0]
        path = first.with_name(f"{name}.manifest.json")
        write_manifest(path, [self.root / each for each in paths], DigestCache(self.root / ".vlmflow/digests"))
        return path.relative_to(self.root).as_posix()

    def _images(self) -> None:
        for dataset, names in (("scenes", IMAGES[:2]), ("tests", IMAGES[2:])):
            raw, where = f"data/raw/{dataset}/000", f"data/images/{dataset}"
            for name in names:
                write_text(self.root / raw / name, f"the bytes of {name}")
            self._fetched(dataset, raw, {"kind": "folder", "path": USER_FOLDER})
            (self.root / where).mkdir(parents=True)
            write_index(self.root / where / "index.parquet", [self.index_row(raw, name) for name in names])
            listed = self.manifest(f"{where}/index.parquet")
            roles = {"shards": [], "raw": [f"{raw}.manifest.json"]}
            self.record("index", f"data/records/index/{dataset}.json", roles, [listed], {"prefix": ""})

    def index_row(self, raw: str, name: str) -> IndexRow:
        """Return the row of an image in an index."""
        data = (self.root / raw / name).read_bytes()
        digest = digest_bytes(data)
        return IndexRow(name, "kept", "JPEG", raw, name, 0, len(data), 64, 64, 1, digest, digest)

    def _fetched(self, dataset: str, raw: str, source: dict[str, Any]) -> None:
        outputs = [self.manifest(raw)]
        settings = {"source": source, "shard": 0, "shards": 1, "seed": 0, "listing": None}
        notes = {"files": 2, "pins": {}}
        self.record("fetch", f"data/records/fetch/{dataset}-000.json", {}, outputs, settings, notes=notes)

    def _table(self) -> None:
        write_text(self.root / "data/raw/talk/000/talk.json", "[]")
        self._fetched("talk", "data/raw/talk/000", {"kind": "folder", "path": USER_FOLDER})
        (self.root / "data/tables").mkdir()
        write_table(self.root / "data/tables/talk.parquet", self.conversations())
        roles = {"raw": ["data/raw/talk/000.manifest.json"], "indexes": ["data/images/scenes/index.manifest.json"]}
        listed = self.manifest("data/tables/talk.parquet")
        notes = {"rows": 3, "rejected": 1}
        record = "data/records/tabulate/talk.json"
        self.record("tabulate", record, roles, [listed], {"file": "talk.json"}, notes=notes)

    def conversations(self) -> list[Conversation]:
        """Return the rows of the table: the second one shows `train/b.jpg`."""
        turns = [{"from": "human", "value": "<image>\nWhat is it?"}, {"from": "gpt", "value": "a cat"}]
        images = (IMAGES[0], IMAGES[1], IMAGES[0])
        return [
            Conversation(row, f"row-{row}", image, digest_bytes(f"the bytes of {image}".encode()), turns)
            for row, image in enumerate(images)
        ]

    def _training(self, name: str) -> None:
        rows = [row for row in self.conversations() if row.row not in ((1, 2) if name == "half" else self.dropped)]
        pinned = [SubsetRow(row.row, row.id, row.digest(), str(row.image_sha256)) for row in rows]
        subset = f"results/subsets/{name}.parquet"
        (self.root / subset).parent.mkdir(parents=True, exist_ok=True)
        write_subset(self.root / subset, pinned)
        sample = {"sample": {"strategy": "digest_rank", "fraction": len(rows) / 3, "count": None}, "seed": 0}
        listed, table = self.manifest(subset), {"table": ["data/tables/talk.manifest.json"]}
        notes = {"rows": len(rows)}
        self.record("sample", f"results/records/sample/{name}.json", table, [listed], sample, notes=notes)
        model = f"results/checkpoints/{name}"
        text = f"{self.weights} {len(rows)} {self.learning_rate} {self.threads}"
        write_text(self.root / model / "model.safetensors", text)
        settings = {"recipe": {"name": "full", "learning_rate": self.learning_rate}, "seed": 0, "threads": self.threads}
        roles, notes = {"subset": [listed], "start": []}, {"rows": len(rows), "steps": 5}
        outputs = [self.manifest(model)]
        self.record("train", f"results/records/train/{name}.json", roles, outputs, settings, notes=notes)

    def _answers(self, name: str) -> None:
        raw = self.root / "data/raw/pope/000"
        if not raw.is_dir():
            self._questions(raw)
        asked = [json.loads(line) for line in (raw / "questions.jsonl").read_text().splitlines()]
        texts = ("Yes", "Yes") if name == "half" else ("Yes", "No")
        model = f"results/checkpoints/{name}.manifest.json"
        about = {"model_id": name, "metadata": {"model": digest_file(self.root / model)}}
        answers = [
            {"question_id": row["question_id"], "prompt": row["text"], "text": text, **about}
            for row, text in zip(asked, texts, strict=True)
        ]
        path = f"results/answers/{name}/pope.jsonl"
        write_text(self.root / path, "".join(json.dumps(row) + "\n" for row in answers))
        files = {"questions": "questions.jsonl", "gold": "labels"}
        settings = {"benchmark": "pope", "protocol": "llava15", "engine": {"name": "transformers"}, "model_id": name}
        settings |= {"template": "vicuna_v1", "max_new_tokens": 8, "temperature": 0.0, "files": files}
        questions, index = "data/raw/pope/000.manifest.json", "data/images/tests/index.manifest.json"
        roles = {"model": [model], "questions": [questions], "indexes": [index], "chosen": []}
        listed = self.manifest(path)
        self.record("predict", f"results/records/predict/{name}-pope.json", roles, [listed], settings)
        self._score(name, path, listed)

    def _score(self, name: str, answers: str, listed: str) -> None:
        raw = self.root / "data/raw/pope/000"
        settings = ScoreSettings(
            benchmark="pope", protocol="llava15", files=FileNames(questions="questions.jsonl", gold="labels")
        )
        scored = scored_answers(self.root / answers, Files(raw / "questions.jsonl", raw / "labels"), settings)
        score, verdicts = f"results/scores/{name}/pope.json", f"results/verdicts/{name}/pope.parquet"
        write_text(self.root / score, pretty_json(scored.score))
        (self.root / verdicts).parent.mkdir(parents=True)
        write_verdicts(self.root / verdicts, scored.verdicts)
        roles = {"answers": [listed], "questions": ["data/raw/pope/000.manifest.json"], "chosen": [], "judged": []}
        record = f"results/records/score/{name}-pope.json"
        self.record("score", record, roles, [score, verdicts], settings.model_dump(mode="json"))

    def _questions(self, raw: Path) -> None:
        texts = ("Is there a cat in the image?", "Is there a dog in the image?")
        rows = [
            {"question_id": number, "image": IMAGES[2], "text": text, "category": "adversarial"}
            for number, text in enumerate(texts, start=1)
        ]
        labels = [
            {"question_id": number, "image": IMAGES[2], "text": text, "label": label}
            for number, (text, label) in enumerate(zip(texts, ("yes", "no"), strict=True), start=1)
        ]
        write_text(raw / "questions.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        for kind in ("adversarial", "popular", "random"):
            text = "".join(json.dumps(row) + "\n" for row in labels) if kind == "adversarial" else ""
            write_text(raw / f"labels/coco_pope_{kind}.json", text)
        self._fetched("pope", "data/raw/pope/000", {"kind": "folder", "path": USER_FOLDER})
