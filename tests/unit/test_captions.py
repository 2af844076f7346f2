"""Captions: words and metrics as pycocoevalcap has them, and their files."""

import json
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline_lib.benchmarks import coco_captions, flickr30k
from pipeline_lib.benchmarks.base import FileNames, Files, Grade, Question, Verdict
from pipeline_lib.benchmarks.families import caption_metrics, caption_words, captions
from pipeline_lib.benchmarks.families.caption_metrics import Corpus, bleu, bleu_counts, rouge_l
from pipeline_lib.benchmarks.families.caption_words import official_folder, official_words, plain_words
from pipeline_lib.benchmarks.families.captions import CAPTION_READERS, CaptionScorer
from pipeline_lib.benchmarks.families.spice import MODELS, PROGRAM, mean_spice, spice, spice_lacks
from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.scoring.scope import bounds
from pipeline_lib.scoring.score import MISSING, ScoreSettings
from tests.recordings import SAMPLES, write_lines
from tests.scored import answer_with, score

GOLDEN: dict[str, Any] = json.loads((SAMPLES / "captions.json").read_text(encoding="utf-8"))
REFERENCES = [
    ["a cat sits on the mat", "a cat is on a mat"],
    ["two dogs run in the park", "dogs are running in a park"],
    ["a man rides a red bike", "man riding a bicycle"],
]
CAPTIONS = ["a cat on a mat", "two dogs in a park", "a man rides a bike"]
SCORER = CaptionScorer(CAPTION_READERS)


def verdicts(said: list[str], references: list[list[str]]) -> list[Verdict]:
    asked = [Question(str(number), "?", (f"{number}.jpg",), "all") for number in range(len(said))]
    return [
        Verdict(question, [*others], text, SCORER.grade(question, [*others], text, "internvl12"))
        for question, others, text in zip(asked, references, said, strict=True)
    ]


def scores(given: list[Verdict]) -> dict[str, float]:
    sums = SCORER.tally(given, ["all"]).sum(axis=0)
    return {name: float(value) for name, value in SCORER.metrics(sums, ["all"]).items()}


@pytest.fixture()
def without_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caption_words, "_package", lambda: None)


def test_the_small_example_has_the_numbers_of_the_original() -> None:
    corpus = Corpus(REFERENCES)
    cider = [corpus.cider(caption, others) for caption, others in zip(CAPTIONS, REFERENCES, strict=True)]
    assert [round(value, 5) for value in cider] == [3.57595, 3.09768, 3.52049]
    assert round(float(np.mean(cider)), 5) == 3.39804
    counts = [bleu_counts(caption, others) for caption, others in zip(CAPTIONS, REFERENCES, strict=True)]
    assert [round(float(value), 5) for value in bleu(np.sum(counts, axis=0))] == [0.93551, 0.81017, 0.64864, 0.45418]
    rouge = [rouge_l(caption, others) for caption, others in zip(CAPTIONS, REFERENCES, strict=True)]
    assert [round(value, 5) for value in rouge] == [0.89443, 0.71554, 0.89443]


def test_metrics_of_official_words_are_those_of_the_original() -> None:
    rows = GOLDEN["rows"]
    corpus = Corpus([row["reference_words"] for row in rows])
    cider = [corpus.cider(row["words"], row["reference_words"]) for row in rows]
    assert cider == pytest.approx([row["cider"] for row in rows], abs=1e-12)
    assert float(np.mean(cider)) == pytest.approx(GOLDEN["metrics"]["cider"])
    rouge = [rouge_l(row["words"], row["reference_words"]) for row in rows]
    assert float(np.mean(rouge)) == pytest.approx(GOLDEN["metrics"]["rouge_l"])
    counts = np.sum([bleu_counts(row["words"], row["reference_words"]) for row in rows], axis=0)
    assert list(bleu(counts)) == pytest.approx([GOLDEN["metrics"][f"bleu_{length}"] for length in range(1, 5)])


def test_with_java_words_and_all_metrics_are_those_of_the_original() -> None:
    folder = official_folder()
    if folder is None:
        pytest.skip("pycocoevalcap or Java is not here")
    rows = GOLDEN["rows"]
    assert official_words(folder, [row["caption"] for row in rows]) == [row["words"] for row in rows]
    given = verdicts([row["caption"] for row in rows], [row["references"] for row in rows])
    found = {**scores(given), **SCORER.whole(given)}
    assert {name: found[name] for name in GOLDEN["metrics"]} == pytest.approx(GOLDEN["metrics"])


def test_without_java_no_metric_has_the_name_of_a_published_one(without_java: None) -> None:
    found = scores(verdicts(CAPTIONS, REFERENCES))
    assert all(name.endswith("_plain") for name in found) and SCORER.whole(verdicts(CAPTIONS, REFERENCES)) == {}
    assert found["cider_plain"] == pytest.approx(3.3980402)  # these captions are only words


SPICE: dict[str, Any] = json.loads((SAMPLES / "spice.json").read_text(encoding="utf-8"))
JAVA = """#!/bin/sh
case "$1" in
  -version) echo 'openjdk version "{version}"' >&2 ;;
  *) [ "$3 $4" = "-jar {folder}/{program}" ] && grep -q '"refs": ."a cat sits' "$5" && cp {results} "$7" ;;
esac
"""


def with_spice(folder: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Write SPICE's jars, and a Java that has SPICE's results for captions about a cat."""
    for name in (PROGRAM, *MODELS):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "results.json").write_text(json.dumps(SPICE["results"]))
    (folder / "bin").mkdir()
    program = JAVA.format(version=version, folder=folder, program=PROGRAM, results=folder / "results.json")
    (folder / "bin/java").write_text(program)
    (folder / "bin/java").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")


def test_spice_is_the_mean_that_its_program_prints() -> None:
    assert f"{mean_spice(SPICE['results']):.3f}" == SPICE["printed"]


@pytest.mark.parametrize("version", ["1.8.0_292", "11.0.2"])
def test_spice_is_computed_where_its_models_and_its_java_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    with_spice(tmp_path, monkeypatch, version)
    assert spice_lacks(tmp_path) is None
    assert spice(tmp_path, CAPTIONS, REFERENCES) == pytest.approx(mean_spice(SPICE["results"]))
    with pytest.raises(PipelineError, match="a scorer in Java failed"):
        spice(tmp_path, CAPTIONS[1:], REFERENCES[1:])


def test_spice_names_the_models_and_the_java_that_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_spice(tmp_path, monkeypatch, "17.0.15")
    assert spice_lacks(tmp_path) == "its program needs Java 8 to 14; this one is 17"
    (tmp_path / MODELS[1]).unlink()
    assert (spice_lacks(tmp_path) or "").startswith(f"pycocoevalcap has no {MODELS[1]}; ")


def test_a_score_says_why_it_has_no_spice(tmp_path: Path, without_java: None) -> None:
    files = coco(tmp_path)
    pairs = list(zip(coco_captions.questions(files, "internvl12"), CAPTIONS, strict=True))
    scored = score("coco_captions", files, answer_with(tmp_path / "a.jsonl", pairs), "internvl12")
    assert "spice" not in scored["metrics"]
    assert "requirements.captions.lock" in scored["unavailable"]["spice"]


@pytest.mark.parametrize(
    ("package", "java", "lacking"),
    [
        (None, "/bin/java", "pycocoevalcap is not installed"),
        (Path("pycocoevalcap"), None, "no `java` is on the path"),
        (None, None, "pycocoevalcap is not installed, which requirements.captions.lock has and no `java`"),
    ],
)
def test_a_plain_cider_is_called_not_comparable_with_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: Path | None, java: str | None, lacking: str
) -> None:
    monkeypatch.setattr(caption_words, "_package", lambda: package)
    monkeypatch.setattr("shutil.which", lambda name: java)
    files = coco(tmp_path)
    pairs = list(zip(coco_captions.questions(files, "internvl12"), CAPTIONS, strict=True))
    answers = answer_with(tmp_path / "a.jsonl", pairs)
    reason = score("coco_captions", files, answers, "internvl12")["unavailable"]["cider"]
    assert reason.startswith(lacking) and "not comparable" in reason
    named = ["--benchmark", "coco_captions", "--protocol", "internvl12", "--questions", str(files.questions)]
    done = CliRunner().invoke(app, ["score", str(answers), *named, "--gold", str(files.gold or files.questions)])
    assert f"NOTE: cider is not computed: {reason}" in done.stdout


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("A dog, in the park.", "a dog in the park"),
        ("The man's bike isn't red!", "the man's bike isn't red"),
        ("snow-covered Café", "snow-covered café"),
        ("two\ndogs", "two dogs"),
        ("", ""),
        ("...", ""),
    ],
)
def test_plain_words_are_in_lower_case_without_punctuation(caption: str, words: str) -> None:
    assert plain_words(caption) == words


def test_identical_captions_have_the_maximum(without_java: None) -> None:
    found = scores(verdicts([others[0] for others in REFERENCES], [[others[0]] * 2 for others in REFERENCES]))
    assert found["cider_plain"] == pytest.approx(10)
    assert found["rouge_l_plain"] == pytest.approx(1) and found["bleu_4_plain"] == pytest.approx(1)


WORDS = st.lists(st.sampled_from("abcd"), max_size=70)


@given(WORDS, WORDS)
def test_common_words_are_those_of_the_usual_recurrence(first: list[str], second: list[str]) -> None:
    lengths = {(row, -1): 0 for row in range(-1, len(first))} | {(-1, column): 0 for column in range(len(second))}
    for row, word in enumerate(first):
        for column, other in enumerate(second):
            longer = max(lengths[row - 1, column], lengths[row, column - 1])
            lengths[row, column] = lengths[row - 1, column - 1] + 1 if word == other else longer
    assert caption_metrics._common(first, second) == lengths[len(first) - 1, len(second) - 1]


def test_a_caption_of_a_megabyte_takes_no_time(without_java: None) -> None:
    start = process_time()
    found = scores(
        verdicts(["a cat on the mat " * 60_000, *CAPTIONS[1:]], [references * 2 for references in REFERENCES])
    )
    assert 0 < found["rouge_l_plain"] < 1
    assert process_time() - start < 5


def test_a_set_of_one_image_has_no_cider(without_java: None) -> None:
    assert scores(verdicts(CAPTIONS[:1], REFERENCES[:1]))["cider_plain"] == 0


@given(st.permutations(range(3)))
def test_the_order_of_images_does_not_matter(order: list[int]) -> None:
    given = verdicts([CAPTIONS[n] for n in order], [REFERENCES[n] for n in order])
    sums = captions._sums(given, [CAPTIONS[n] for n in order], [REFERENCES[n] for n in order]).sum(axis=0)
    assert float(captions._metrics(sums)["cider"]) == pytest.approx(3.3980402)


def test_a_missing_caption_counts_in_no_mean_but_its_references_weigh_words(without_java: None) -> None:
    given = verdicts(CAPTIONS, REFERENCES)
    missing = Grade(0.0, None, "none", "missing")
    part = scores([*given[:2], replace(given[2], answer=None, grade=missing)])
    assert part["cider_plain"] == pytest.approx(np.mean([3.575954805640857, 3.097680587560184]))
    assert scores(given[:2])["cider_plain"] != pytest.approx(part["cider_plain"])


@given(st.sets(st.sampled_from([0, 1, 2]), min_size=1), st.lists(st.sampled_from(CAPTIONS), min_size=3, max_size=3))
def test_what_missing_captions_may_be_lies_within_the_bounds_of_means_over_images(
    missing: set[int], texts: list[str]
) -> None:
    settings = ScoreSettings(benchmark="flickr30k", protocol="internvl12", files=FileNames(questions="q"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(caption_words, "_package", lambda: None)
        full = verdicts(texts, REFERENCES)
        some = [replace(each, grade=MISSING) if number in missing else each for number, each in enumerate(full)]
        limits, whole = bounds(some, settings), scores(full)
        lowest = scores(verdicts([text * (number not in missing) for number, text in enumerate(texts)], REFERENCES))
    assert limits is not None and {limits[name] for name in limits if name.startswith("bleu")} == {None}
    for name in ("cider_plain", "rouge_l_plain"):
        low, high = limits[name] or []
        assert low == pytest.approx(lowest[name]) and low <= whole[name] + 1e-9 and whole[name] <= high + 1e-9


def test_an_empty_caption_is_unparsed_and_helps_nothing(without_java: None) -> None:
    given = verdicts(["", *CAPTIONS[1:]], REFERENCES)
    assert (given[0].grade.status, given[0].grade.value) == ("unparsed", 0.0)
    assert scores(given)["cider_plain"] < 3.39


def coco(folder: Path) -> Files:
    """Write InternVL's list of images and its references."""
    images = [{"image": f"val2014/COCO_val2014_{number:012}.jpg"} for number in (7, 18, 9)]
    notes = [
        {"image_id": number, "caption": text}
        for number, others in zip((7, 18, 9), REFERENCES, strict=True)
        for text in others
    ]
    (folder / "images.json").write_text(json.dumps(images))
    (folder / "references.json").write_text(json.dumps({"images": [], "annotations": notes}))
    return Files(folder / "images.json", folder / "references.json")


def test_images_and_references_are_joined_by_the_id_in_the_name(tmp_path: Path) -> None:
    files = coco(tmp_path)
    asked = coco_captions.questions(files, "internvl12")
    assert [(question.id, question.images) for question in asked][1] == ("18", ("COCO_val2014_000000000018.jpg",))
    assert coco_captions.gold(files, asked, "internvl12")["18"] == REFERENCES[1]


def test_two_images_of_one_id_are_refused_and_an_id_may_have_any_length(tmp_path: Path) -> None:
    def images(*rows: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        (tmp_path / "q.json").write_text(json.dumps([*rows]))
        return {each.id: each.images for each in coco_captions.questions(Files(tmp_path / "q.json"), "internvl12")}

    assert images({"image": "val/x_007.jpg"}, {"image": "x_007.jpg"}) == {"7": ("x_007.jpg",)}
    assert [*images({"image": f"x_{'9' * 5000}.jpg"}, {"image": "x_000.jpg"})] == ["9" * 5000, "0"]
    with pytest.raises(PipelineError, match=r"two images have the same id(.|\n)*row 2(.|\n)*7: x_7.jpg, y_07.jpg"):
        images({"image": "x_7.jpg"}, {"image": "y_07.jpg"})
    with pytest.raises(PipelineError, match="needs an `id`"):
        images({"image": "x_\u0663.jpg"})


@pytest.mark.parametrize("key", ["file_name", "image"])
def test_a_file_in_cocos_form_has_both(tmp_path: Path, key: str) -> None:
    notes = [{"image_id": 4, "caption": "a dog"}, {"image_id": 4, "caption": "the dog"}]
    (tmp_path / "a.json").write_text(json.dumps({"images": [{"id": 4, key: "4.jpg"}], "annotations": notes}))
    (question,) = flickr30k.questions(Files(tmp_path / "a.json"), "internvl12")
    assert (question.id, question.images) == ("4", ("4.jpg",))
    assert flickr30k.gold(Files(tmp_path / "a.json"), [question], "internvl12") == {"4": ["a dog", "the dog"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"images": 3}, "no list of images"),
        (3, "no list of images"),
        ({"images": [{"id": 3}]}, "an image needs(.|\n)*row 1"),
        ([{"image": "a.jpg"}], "an image needs an `id`(.|\n)*row 1"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: Any, message: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(PipelineError, match=message):
        coco_captions.questions(Files(tmp_path / "a.json"), "internvl12")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "annotations"),
        ({"annotations": [{"image_id": 1}]}, "caption is missing"),
        ({"annotations": [{"image_id": 1, "caption": " . "}]}, "without a word(.|\n)*annotation 1"),
    ],
)
def test_references_of_another_form_are_refused(tmp_path: Path, content: Any, message: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(PipelineError, match=message):
        coco_captions.gold(Files(tmp_path / "q", tmp_path / "a.json"), [], "internvl12")


def test_captions_are_scored_and_submitted_in_the_form_of_internvls_results(tmp_path: Path, without_java: None) -> None:
    files = coco(tmp_path)
    asked = coco_captions.questions(files, "internvl12")
    path = tmp_path / "results.json"
    path.write_bytes(coco_captions.submission(files, list(zip(asked, CAPTIONS, strict=True)), "internvl12"))
    assert json.loads(path.read_text())[1] == {"image_id": 18, "caption": CAPTIONS[1]}
    command = ["score", str(path), "--benchmark", "coco_captions", "--protocol", "internvl12", "--json"]
    done = CliRunner().invoke(app, [*command, "--questions", str(files.questions), "--gold", str(files.gold)])
    scored = json.loads(done.stdout)
    assert (scored["answers_from"], scored["primary"], scored["status"]) == ("internvl", None, "complete")
    assert scored["metrics"]["cider_plain"] == pytest.approx(3.3980402)
    low, high = scored["interval"]["cider_plain"]
    assert 3.0 < low < scored["metrics"]["cider_plain"] < high < 3.6  # the mean of three, drawn with fixed weights
    write_lines(
        tmp_path / "a.jsonl", [{"question_id": int(q.id), "text": t} for q, t in zip(asked, CAPTIONS, strict=True)]
    )
    again = CliRunner().invoke(
        app,
        [
            "score",
            str(tmp_path / "a.jsonl"),
            *command[2:],
            "--questions",
            str(files.questions),
            "--gold",
            str(files.gold),
        ],
    )
    assert json.loads(again.stdout)["metrics"] == scored["metrics"]
