"""POPE: the parser, the join, the metrics; and real answers with the official score."""

import json
import shutil
from pathlib import Path
from typing import Any

import jsonlines
import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline_lib.benchmarks import pope
from pipeline_lib.benchmarks.base import FileNames, Files, Question, Verdict
from pipeline_lib.benchmarks.families.yes_no import COUNTS, pope_words
from pipeline_lib.cli.main import app
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.scoring.bootstrap import cluster_sums, intervals
from pipeline_lib.scoring.score import ScoreSettings, score_verdicts
from tests.recordings import SAMPLES, Recordings, expect_pope
from tests.scored import grade_answers, official_verdicts, scored_answers

CATEGORIES = ("adversarial", "random", "popular")
SHORT = "\nAnswer the question using a single word or phrase."
SETTINGS = ScoreSettings(benchmark="pope", files=FileNames(questions="q", gold="g"))


@pytest.mark.parametrize(
    ("answer", "said", "rule"),
    [
        ("Yes", "yes", "word"),
        ("No", "no", "word"),
        ("Yes.", "yes", "word"),
        ("yes, there is", "yes", "word"),
        ("There is no dog.", "no", "word"),
        ("No, there is not.", "no", "word"),
        ("I do not know", "no", "word"),
        ("NO", "yes", "fallback"),
        ("No\n", "yes", "fallback"),
        ("No!", "yes", "fallback"),
        ("no-one", "yes", "fallback"),
        ("There isn't", "yes", "fallback"),
        ("It is a dog. No cat.", "yes", "fallback"),
        ("Image 1. No", "yes", "fallback"),
        ("Nope", "yes", "fallback"),
        ("", "yes", "fallback"),
    ],
)
def test_the_words_decide_as_in_the_original(answer: str, said: str, rule: str) -> None:
    assert pope_words(answer) == (said, rule)


@pytest.mark.parametrize("protocol", pope.PROTOCOLS)
def test_words_are_read_as_the_official_code_reads_them(protocol: str) -> None:
    rows = official_verdicts("pope")
    words = {row["answer"]: pope.SCORER.readers[protocol](row["answer"])[0] for row in rows}
    assert words == {row["answer"]: row[protocol] for row in rows}


def verdicts_on(rows: list[tuple[str, str, str]], protocol: str) -> list[Verdict]:
    """Return the verdicts on answers with the part and the gold answer of their questions."""
    verdicts = []
    for part, gold, answer in rows:
        question = Question("1", "", ("a.jpg",), part)
        verdicts.append(Verdict(question, gold, answer, pope.SCORER.grade(question, gold, answer, protocol)))
    return verdicts


def metrics_of(rows: list[tuple[str, str, str]], protocol: str) -> dict[str, float]:
    sums = pope.SCORER.tally(verdicts_on(rows, protocol), sorted(CATEGORIES)).sum(axis=0)
    return {name: float(value) for name, value in pope.SCORER.metrics(sums, sorted(CATEGORIES)).items()}


@pytest.mark.parametrize("protocol", ["lmms_eval", "vlmevalkit"])
def test_rates_are_those_of_the_official_code(protocol: str) -> None:
    official = json.loads((SAMPLES / "pope_rates.json").read_text())[protocol]
    parts = sorted(CATEGORIES)
    answers = [row["answer"] for row in official_verdicts("pope")]
    rows = [(parts[n % 3], "no" if n // 3 % 2 else "yes", answer) for n, answer in enumerate(answers)]
    metrics = metrics_of(rows, protocol)
    assert {name: metrics[name] for name in official} == pytest.approx(official)


@pytest.mark.parametrize("protocol", ["lmms_eval", "vlmevalkit"])
def test_sentences_without_a_word_have_rates_of_zero_where_the_original_prints_zero(protocol: str) -> None:
    rows = [(part, gold, "I see it.") for part in CATEGORIES for gold in ("yes", "no")]
    metrics = metrics_of(rows, protocol)
    assert [metrics[name] for name in ("f1", "accuracy", "precision", "recall", "yes")] == [0.0] * 5
    assert {verdict.grade.status for verdict in verdicts_on(rows, protocol)} == {"unparsed"}


def test_projects_ask_in_their_words(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    prompts = {protocol: pope.questions(files, protocol)[0].prompt for protocol in pope.PROTOCOLS}
    text = "Is there a adversarial 0?"
    assert prompts == {
        "llava15": text + SHORT,
        "internvl12": f"{text}{SHORT} ",
        "lmms_eval": text + SHORT,
        "vlmevalkit": f"{text} Please answer yes or no.",
    }
    bare = "Say yes if there is a dog"
    files.questions.write_text(files.questions.read_text().replace(text, bare, 1))
    assert pope.questions(files, "vlmevalkit")[0].prompt == f"{bare} Please answer yes or no."


def test_missing_answers_leave_bounds_by_every_protocol(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    answers = answer_all(files, tmp_path / "a.jsonl", lambda question, gold: gold if int(question.id) % 5 else None)
    for protocol in pope.PROTOCOLS:
        settings = SETTINGS.model_copy(update={"protocol": protocol})
        low, high = scored_answers(answers, files, settings).score["bounds"]["f1"]
        assert 0 < low < high == 1


def write_benchmark(root: Path, images: int = 4) -> Files:
    """Write question and label files of `images` images, two questions each and category."""
    (root / "labels").mkdir(parents=True)
    questions = []
    for place, category in enumerate(CATEGORIES):
        labels = []
        for number in range(2 * images):
            text = f"Is there a {category} {number}?"
            image, label = f"{number // 2}.jpg", "yes" if number % 2 == 0 else "no"
            labels.append({"question_id": number + 1, "image": image, "text": text, "label": label})
            identifier = place * 10_000_000 + number + 1
            questions.append({"question_id": identifier, "image": image, "text": text + SHORT, "category": category})
        write(root / "labels" / f"coco_pope_{category}.json", labels)
    write(root / "questions.jsonl", questions)
    return Files(root / "questions.jsonl", root / "labels")


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    with jsonlines.open(path, "w") as writer:
        writer.write_all(rows)
    return path


def answer_all(files: Files, path: Path, say: Any) -> Path:
    """Write an answer to every question; `say` gets (question, gold) and returns a text, or None to leave it out."""
    questions = pope.questions(files, "llava15")
    gold = pope.gold(files, questions, "llava15")
    texts = [(question, say(question, gold[question.id])) for question in questions]
    rows = [{"question_id": int(q.id), "prompt": q.prompt, "text": text} for q, text in texts if text is not None]
    return write(path, rows)


def score(files: Files, answers: Path) -> dict[str, Any]:
    return score_verdicts(grade_answers(answers, files, SETTINGS), SETTINGS)


def test_a_perfect_model_scores_one(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    scored = score(files, answer_all(files, tmp_path / "a.jsonl", lambda question, gold: gold))
    assert scored["metrics"]["f1"] == scored["metrics"]["accuracy"] == 1.0
    assert scored["interval"]["f1"] == [1.0, 1.0]
    assert scored["n"] == 24 and scored["status"] == "complete"


def test_always_no_is_no_error(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    scored = score(files, answer_all(files, tmp_path / "a.jsonl", lambda question, gold: "No"))
    assert scored["metrics"]["f1"] == 0.0 and scored["metrics"]["accuracy"] == 0.5 and scored["metrics"]["yes"] == 0.0


def test_the_order_of_answers_does_not_matter(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    answers = answer_all(files, tmp_path / "a.jsonl", lambda question, gold: "Yes" if int(question.id) % 3 else "No")
    shuffled = tmp_path / "b.jsonl"
    shuffled.write_text("".join(sorted(answers.read_text().splitlines(keepends=True), key=lambda line: line[::-1])))
    assert score(files, answers) == score(files, shuffled)


def test_missing_and_unparsed_answers_are_counted(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    texts = {"1": None, "2": "maybe"}
    scored = score(files, answer_all(files, tmp_path / "a.jsonl", lambda question, gold: texts.get(question.id, gold)))
    assert (scored["missing"], scored["unparsed"], scored["status"]) == (1, 1, "partial")
    assert scored["coverage"] == round(23 / 24, 10)
    assert scored["metrics"]["accuracy"] == round(22 / 23, 10)


def test_a_silent_category_is_refused(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    answers = answer_all(
        files, tmp_path / "a.jsonl", lambda question, gold: None if question.part == "random" else gold
    )
    with pytest.raises(PipelineError, match=r"no question of this part is answered(.|\n)*random"):
        score(files, answers)


def test_answers_that_do_not_belong_are_refused(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    good = answer_all(files, tmp_path / "a.jsonl", lambda question, gold: gold).read_text()
    twice = tmp_path / "twice.jsonl"
    twice.write_text(good + good.splitlines()[0] + "\n")
    with pytest.raises(PipelineError, match=r"a second answer(.|\n)*twice\.jsonl:25"):
        score(files, twice)
    unknown = tmp_path / "unknown.jsonl"
    unknown.write_text(good.replace('"question_id": 1,', '"question_id": 999,', 1))
    with pytest.raises(PipelineError, match=r"is not in the question file(.|\n)*999"):
        score(files, unknown)
    other = tmp_path / "other.jsonl"
    other.write_text(good.replace("adversarial 0?", "something else?", 1))
    with pytest.raises(PipelineError, match="another question of the same id"):
        score(files, other)
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    with pytest.raises(PipelineError, match="no answers"):
        score(files, empty)


def test_labels_that_do_not_belong_are_refused(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    labels = tmp_path / "labels" / "coco_pope_random.json"
    labels.write_text(labels.read_text().replace("random 3?", "random 4?"))
    with pytest.raises(PipelineError, match=r"does not belong to the question(.|\n)*coco_pope_random\.json"):
        pope.gold(files, pope.questions(files, "llava15"), "llava15")


def test_two_questions_with_one_label_are_refused(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    first = json.loads(files.questions.read_text().splitlines()[0])
    again = {**first, "question_id": first["question_id"] + 7 * pope.CATEGORY_STRIDE}
    files.questions.write_text(files.questions.read_text() + json.dumps(again) + "\n")
    with pytest.raises(PipelineError, match="have the same label"):
        pope.gold(files, pope.questions(files, "llava15"), "llava15")


def test_label_files_that_no_question_names_are_ignored_with_a_notice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = write_benchmark(tmp_path)
    shutil.copy(tmp_path / "labels/coco_pope_random.json", tmp_path / "labels/coco_pope_other.json")
    with caplog.at_level("WARNING"):
        pope.gold(files, pope.questions(files, "llava15"), "llava15")
    assert "other" in caplog.text


def test_intervals_are_those_of_a_plain_loop_over_images() -> None:
    generator = np.random.default_rng(1)
    tallies = generator.integers(0, 2, size=(40, 1, len(COUNTS))).astype(float)
    clusters = [str(number // 4) for number in range(40)]
    sums = cluster_sums(tallies, clusters)

    def accuracy(counts: Any) -> dict[str, Any]:
        return {"accuracy": pope.SCORER.metrics(counts, ["part"])["accuracy"]}

    draws = np.random.default_rng(7).multinomial(10, np.full(10, 0.1), size=1000)
    loop = [accuracy(sum(times * image for times, image in zip(draw, sums, strict=True)))["accuracy"] for draw in draws]
    assert intervals(sums, accuracy, 7)["accuracy"] == pytest.approx(list(np.percentile(loop, (2.5, 97.5))))


def test_the_score_object_names_answers_and_model(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    answers = answer_all(files, tmp_path / "a.jsonl", lambda question, gold: gold)
    scored = scored_answers(answers, files, SETTINGS).score
    assert len(scored["answers"]) == 64 and scored["model"] is None
    assert "time" not in json.dumps(scored)


def test_a_question_is_asked_as_its_file_says(tmp_path: Path) -> None:
    first = pope.questions(write_benchmark(tmp_path), "llava15")[0]
    text = "Is there a adversarial 0?"
    assert first == Question("1", text + SHORT, ("0.jpg",), "adversarial", stem=text)


def official(recorded: Recordings, tmp_path: Path, random_labels: str) -> list[str]:
    """Return the command line that scores the recorded answers with a given random split."""
    gold, folder = tmp_path / "gold", recorded.folder / "pope"
    gold.mkdir()
    for category in ("adversarial", "popular"):
        shutil.copy(folder / f"coco_pope_{category}.json", gold)
    shutil.copy(folder / random_labels, gold / "coco_pope_random.json")
    options = ["--benchmark", "pope", "--protocol", "llava15", "--questions", str(folder / "llava_pope_test.jsonl")]
    return ["score", str(folder / "llava-v1.5-13b.jsonl"), *options, "--gold", str(gold), "--json"]


def test_recorded_answers_of_llava_13b_get_the_official_score(recorded: Recordings, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, official(recorded, tmp_path, "coco_pope_random.json"))
    scored = json.loads(done.stdout)
    expect_pope(scored, recorded.official("pope"))
    if recorded.source == "whole":
        assert (round(scored["metrics"]["f1"], 7), scored["n"]) == (0.8594688, 8910)


def test_the_random_split_of_3000_rows_is_refused(recorded: Recordings, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, official(recorded, tmp_path, "coco_pope_random_3000.json"))
    assert isinstance(done.exception, PipelineError)
    labels, questions = {"sample": (24, 23), "whole": (3000, 2910)}[recorded.source]
    assert f"{labels} labels for {questions} questions" in str(done.exception)


def test_internvl_asks_with_a_space_at_the_end_and_scores_alike(tmp_path: Path) -> None:
    files = write_benchmark(tmp_path)
    asked = {protocol: pope.questions(files, protocol) for protocol in pope.PROTOCOLS}
    assert [each.prompt for each in asked["internvl12"]] == [f"{each.prompt} " for each in asked["llava15"]]
    labels = [pope.gold(files, questions, protocol) for protocol, questions in asked.items()]
    assert labels[0] == labels[1] and pope.SCORER.readers["internvl12"] is pope.SCORER.readers["llava15"]
