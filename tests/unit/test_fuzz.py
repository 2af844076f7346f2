"""Every reader, given a file that was valid once: a value or a PipelineError, never anything else, within seconds."""

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import chdir
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save
from tokenizers import Tokenizer, models
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from pipeline_lib.benchmarks import mmbench
from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.checkpoints.tensors import Tensors, tensors_of
from pipeline_lib.config.load import load_study
from pipeline_lib.conversations.source_rows import RowSource, SourceFiles, source_rows
from pipeline_lib.conversations.table import read_table as read_conversations
from pipeline_lib.conversations.tabulate import tabulate
from pipeline_lib.core.digests import DigestCache
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json, read_json, read_lines, write_lines
from pipeline_lib.downloads.archives import extract, list_archive
from pipeline_lib.downloads.names import refuse_collisions
from pipeline_lib.downloads.pins import Pins
from pipeline_lib.families.llava.layouts.adapters import convert_adapter, stated_card
from pipeline_lib.families.llava.layouts.detect import kind_of
from pipeline_lib.families.llava.layouts.hub import check_hub
from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.job.manifest import Manifest, names_digest
from pipeline_lib.job.record import Record
from pipeline_lib.lineage.dvc.dvc_lock import locked_files, locked_identity, locked_inputs, locked_stages
from pipeline_lib.machine.site import locate
from pipeline_lib.machine.slurm_site import read_cluster
from pipeline_lib.models.card import read_card
from pipeline_lib.scoring.score import ScoreSettings
from pipeline_lib.sources import urls
from tests.project import ROOT
from tests.scored import scored_answers
from tests.tables import write_table
from tests.unit.mutations import bytes_of, json_of

SECONDS = timedelta(seconds=20)  # generous for a loaded machine; what hangs takes minutes
FEW, MANY = 25, 1000

MINI = (ROOT / "studies/mini.yaml").read_bytes()
DIGEST = "0" * 64
ASKED = "Is there a dog?"
QUESTION = {"question_id": 1, "image": "a.jpg", "text": ASKED + "\nAnswer with one word.", "category": "random"}
LABEL = {"question_id": 1, "image": "a.jpg", "text": ASKED, "label": "yes"}
ANSWER = {"question_id": 1, "text": "yes", "prompt": QUESTION["text"], "metadata": {"model": "m"}}
CHOICE = {
    "id": "5",
    "image": "a.jpg",
    "conversations": [{"from": "human", "value": "What?\nA. cat\nB. dog"}, {"from": "gpt", "value": "B"}],
}
PROBLEMS = {"5": {"choices": ["cat", "dog"], "answer": 1}}
TALK = [{"id": "1", "conversations": [{"from": "human", "value": "What?"}, {"from": "gpt", "value": "A dog."}]}]
ANNOTATIONS = ("a.jsonl", "b.jsonl")
META = {
    "a": {"root": "data/", "annotation": "x/a.jsonl", "data_augment": False, "repeat_time": 2, "length": 1},
    "b": {"annotation": "b.jsonl", "repeat_time": 0.5},
}
LINKS = {"a": {"imageURL": "http://127.0.0.1/a.jpg"}, "b": {"imageURL": "http://127.0.0.1/b.png"}}
TABLE = "index\tquestion\tA\tB\tanswer\tcategory\timage\n1\tWhat?\tcat\tdog\tA\tnames\tAAAA\n2\tWho?\tx\ty\tB\tnames\tAAAA\n"
ADAPTER = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "bias": "none"}
LAYER = "base_model.model.model.language_model.layers.0.self_attn.q_proj"
LOCK = {
    "schema": "2.0",
    "stages": {
        "fetch": {
            "cmd": "x",
            "deps": [{"path": "a", "md5": "0"}],
            "outs": [{"path": "b", "md5": "1"}],
            "params": {"identity.json": {"fetch": {"code": "x"}}},
        }
    },
}


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.jpg", "deep/b.jpg"):
            archive.writestr(name, b"content " * 20)
    return buffer.getvalue()


def tarred(form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name in ("a.jpg", "d" * 120 + "/b.jpg"):
            member = tarfile.TarInfo(name)
            member.size = 160
            archive.addfile(member, io.BytesIO(b"content " * 20))
    return buffer.getvalue()


def saved(tensors: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    return buffer.getvalue()


def record() -> bytes:
    content = Record("fetch", {"seed": 0}, "code", {}, {"module": DIGEST}, outputs={"data/x": DIGEST}).content(0, None)
    return pretty_json({**content, "seal": DIGEST}).encode()


def read_manifest(path: Path) -> None:
    Path("x").mkdir()
    Path("x/a.txt").write_text("")
    names_digest(path)
    Manifest(path, DigestCache(Path("cache"))).files()


def read_lock(path: Path) -> None:
    for name, entry in locked_stages(path).items():
        locked_files(entry), locked_inputs(entry), locked_identity(entry, name, "identity.json")


def read_link_list(path: Path) -> None:
    id_field = None if path.suffix == ".json" else "id"
    for name, url in urls._links(urls.Settings(kind="urls", list=str(path), id_field=id_field)):
        assert name and url.startswith("http")


def take_apart(path: Path) -> None:
    names = list_archive(path, "")
    refuse_collisions(names, path)
    extract(path, "", set(names), Path("out"))


def talk(path: Path) -> None:
    files = SourceFiles([path.name, *ANNOTATIONS], path.parent.joinpath)
    for name in ANNOTATIONS:
        (path.parent / name).write_text("".join(f"{json.dumps(row)}\n" for row in TALK))
    table = tabulate(source_rows(RowSource(file=path.name), files), NoImages(), path)
    write_table(Path("table.parquet"), table.rows)
    assert read_conversations(Path("table.parquet")) == table.rows
    write_lines(Path("rejected.jsonl"), [*table.rejected, *table.unused_keys])


class NoImages:
    """A reader of images that has none."""

    def __contains__(self, name: object) -> bool:
        return False

    def pins(self, names: list[str]) -> dict[str, str]:
        return {}

    def why_not(self, name: str) -> str:
        return "not there"


def score_pope(changed: str) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        files = {"question": lines(QUESTION), "label": lines(LABEL), "answer": lines(ANSWER)}
        for name, content in files.items():
            Path(name).write_bytes(path.read_bytes() if name == changed else content)
        Path("gold").mkdir()
        Path("label").rename("gold/coco_pope_random.json")
        score("pope", Files(Path("question"), Path("gold")), Path("answer"))

    return read


def score_scienceqa(changed: str) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        Path("gold").mkdir()
        files = {"questions.json": [CHOICE], "gold/problems.json": PROBLEMS, "gold/pid_splits.json": {"test": ["5"]}}
        for name, content in files.items():
            Path(name).write_bytes(path.read_bytes() if name == changed else json.dumps(content).encode())
        Path("answer").write_bytes(path.read_bytes() if changed == "answer" else b'{"outputs": {"5": "B"}}')
        score("scienceqa", Files(Path("questions.json"), Path("gold")), Path("answer"))

    return read


def score(benchmark: str, files: Files, answers: Path) -> None:
    chosen = ScoreSettings(benchmark=benchmark, files=FileNames(questions="q", gold="g"))
    scored_answers(answers, files, chosen)


def read_table(path: Path) -> None:
    asked = mmbench.questions(Files(path), "llava15")
    mmbench.gold(Files(path), asked, "llava15")


def read_tensors(path: Path) -> None:
    for _ in Tensors((path,)):
        pass


def read_index(path: Path) -> None:
    Path("s.safetensors").write_bytes(save({"w": torch.zeros(2)}))
    tensors_of({"model.safetensors.index.json": path, "s.safetensors": Path("s.safetensors")})


def read_adapter(path: Path) -> None:
    tensors = {f"{LAYER}.lora_A.weight": torch.ones(2, 64), f"{LAYER}.lora_B.weight": torch.ones(64, 2)}
    Path("t.safetensors").write_bytes(save(tensors))
    files = {"adapter_config.json": path, "adapter_model.safetensors": Path("t.safetensors")}
    kind_of(files)
    convert_adapter(files, stated_card(files), Path("out"))


def read_model_card(path: Path) -> None:
    read_card(path.parent)


Reader = Callable[[Path], Any]
TEXTS: dict[str, tuple[str, bytes, Reader]] = {
    "study": ("study.yaml", MINI, load_study),
    "site": (
        "site.yaml",
        b"paths: {llava: /data/llava}\ndownloads: {slowest: 10}\n",
        lambda p: locate("site:llava", p),
    ),
    "cluster": ("cluster.yaml", b"account: a\npartitions:\n  gpu: {max_runtime: 60, max_gpu: 1}\n", read_cluster),
    "dvc.lock": ("dvc.lock", json.dumps(LOCK, indent=1).encode(), read_lock),
    "mmbench": ("a.tsv", TABLE.encode(), read_table),
    "links as csv": ("list.csv", b"id,imageURL\na,http://127.0.0.1/a.jpg\n", read_link_list),
    "links as jsonl": ("list.jsonl", lines({"id": "a", "imageURL": "http://127.0.0.1/a.jpg"}), read_link_list),
    "zip": ("a.zip", zipped(), take_apart),
    "tar": ("a.tar", tarred(), take_apart),
    "tar of GNU": ("a.tar", tarred(tarfile.GNU_FORMAT), take_apart),
    "tar.gz": ("a.tar.gz", gzip.compress(tarred(), mtime=0), take_apart),
    "safetensors": ("a.safetensors", save({"w": torch.ones(3), "v": torch.zeros(2, 2)}), read_tensors),
    "pickle": ("a.bin", saved({"w": torch.ones(3)}), read_tensors),
    "jsonl": ("a.jsonl", lines(QUESTION, LABEL), lambda path: list(read_lines(path))),
    "json": ("a.json", json.dumps(TALK).encode(), read_json),
    "record": ("r.json", record(), lambda path: MadeRecord.read(path).is_sealed),
}
OBJECTS: dict[str, tuple[str, Any, Reader]] = {
    "study": ("study.yaml", json.loads(json.dumps({"title": "t", "datasets": {"d": {"source": LINKS}}})), load_study),
    "pins": ("pins.lock", {"http://a": {"sha256": DIGEST, "size": 1}}, lambda path: Pins(path).get("http://a")),
    "manifest": (
        "x.manifest.json",
        {"schema": 1, "files": [{"path": "x/a.txt", "size": 0, "sha256": DIGEST}]},
        read_manifest,
    ),
    "listing": (
        "x.manifest.json",
        {"schema": 1, "listing": {"path": "x/.files.jsonl", "count": 1, "sha256": DIGEST, "names": DIGEST}},
        read_manifest,
    ),
    "record": ("r.json", json.loads(record()), lambda path: MadeRecord.read(path).is_sealed),
    "dvc.lock": ("dvc.lock", LOCK, read_lock),
    "pope's questions": ("x", QUESTION, score_pope("question")),
    "pope's labels": ("x", LABEL, score_pope("label")),
    "answers": ("x", ANSWER, score_pope("answer")),
    "scienceqa's questions": ("x", [CHOICE], score_scienceqa("questions.json")),
    "scienceqa's problems": ("x", PROBLEMS, score_scienceqa("gold/problems.json")),
    "scienceqa's splits": ("x", {"test": ["5"]}, score_scienceqa("gold/pid_splits.json")),
    "scienceqa's results": ("x", {"outputs": {"5": "B"}}, score_scienceqa("answer")),
    "conversations": ("talk.json", TALK, talk),
    "annotation sets": ("meta.json", META, talk),
    "links": ("list.json", LINKS, read_link_list),
    "index": ("i.json", {"weight_map": {"w": "s.safetensors"}}, read_index),
    "adapter": ("adapter_config.json", ADAPTER, read_adapter),
    "card": (
        "vlmflow.json",
        {"kind": "vlm", "template": "x", "image_shape": "pad", "base": {"a": "b"}},
        read_model_card,
    ),
}
MODEL = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny language model in the hub's layout."""
    folder = tmp_path_factory.mktemp("model")
    sizes = {"vocab_size": 16, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    LlamaForCausalLM(LlamaConfig(**sizes, num_attention_heads=1)).save_pretrained(folder)
    words = Tokenizer(models.WordLevel({f"t{number}": number for number in range(16)}, unk_token="t0"))
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="t0").save_pretrained(folder)
    return folder


def holds(reader: Reader, name: str, content: bytes) -> None:
    """Read a file of this content in a folder of its own: a value or a PipelineError comes of it."""
    with TemporaryDirectory() as folder, chdir(folder):
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            reader(path)
        except PipelineError as error:
            str(error).encode()


def examples(number: int) -> settings:
    unhealthy = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return settings(max_examples=number, deadline=SECONDS, suppress_health_check=unhealthy)


def budgets(names: Any) -> list[Any]:
    """Return every target with few examples, and with many in the long tests."""
    long = [pytest.param(name, MANY, marks=pytest.mark.long) for name in names]
    return [*((name, FEW) for name in names), *long]


@pytest.mark.parametrize(("target", "number"), budgets(TEXTS))
def test_bytes_that_were_a_file_once(target: str, number: int) -> None:
    name, valid, reader = TEXTS[target]

    @examples(number)
    @given(bytes_of(valid))
    def check(content: bytes) -> None:
        holds(reader, name, content)

    check()


@pytest.mark.parametrize(("target", "number"), budgets(OBJECTS))
def test_json_with_other_values(target: str, number: int) -> None:
    name, valid, reader = OBJECTS[target]

    @examples(number)
    @given(json_of(valid))
    def check(content: bytes) -> None:
        holds(reader, name, content)

    check()


@pytest.mark.parametrize(("target", "number"), budgets(MODEL))
def test_metadata_of_a_model_with_other_values(model: Path, target: str, number: int) -> None:
    valid = json.loads((model / target).read_text())
    others = {path.name: path for path in model.iterdir() if path.name != target}

    @examples(number)
    @given(st.one_of(json_of(valid), bytes_of((model / target).read_bytes())))
    def check(content: bytes) -> None:
        holds(lambda path: check_hub({**others, target: path}), target, content)

    check()
