"""Answers of real models with their official scores: a committed sample of their rows, or all where they lie."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent / "golden"
POPE = {"pope": "llava-v1.5-13b.jsonl", "pope-head": "llava-v1.6-vicuna-7b.jsonl"}  # folders, and their answers
FILES = {  # folders, and samples
    "pope": "pope.json",
    "pope-head": "pope_newer.json",
    "scienceqa": "scienceqa.json",
    "mme": "mme.json",
    "seed": "seed.json",
    "mmmu": "mmmu.json",
    "cmmmu": "cmmmu.json",
    "textvqa": "textvqa.json",
    "mm-vet": "mm_vet.json",
    "llava-bench": "llava_bench.json",
    "mathvista": "mathvista.json",
}
SHORT = "Answer the question using a single word or phrase."
COUNTS = ("TP", "FP", "TN", "FN")


@dataclass(frozen=True)
class Recordings:
    """A folder with question files, gold and answers, and the numbers that the official scorers make of them."""

    folder: Path
    source: str  # `sample` or `whole`

    def official(self, benchmark: str) -> dict[str, Any]:
        """Return the numbers of the official scorer for the rows that are here."""
        numbers: dict[str, Any] = sample_of(benchmark)["official"][self.source]
        return numbers


def sample_of(benchmark: str) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads((SAMPLES / FILES[benchmark]).read_text())
    return sample


def lay_out_answers(folder: Path) -> None:
    """Write the sampled rows into files like those that their makers published."""
    for benchmark in POPE:
        write_pope(folder / benchmark, benchmark)
    write_scienceqa(folder / "scienceqa")
    write_mme(folder / "mme")
    write_seed(folder / "seed")
    write_mmmu(folder / "mmmu")
    write_textvqa(folder / "textvqa")
    write_mm_vet(folder / "mm-vet")
    write_llava_bench(folder / "llava-bench")
    write_mathvista(folder / "mathvista")


def write_pope(folder: Path, benchmark: str) -> None:
    """Write questions, answers and labels of POPE; the labels of the first version lie beside its questions."""
    sample = sample_of(benchmark)
    rows, labels = sample["rows"], folder / ("labels" if benchmark == "pope-head" else "")
    labels.mkdir(parents=True)
    write_lines(folder / "llava_pope_test.jsonl", [pope_question(row, sample["suffix"]) for row in rows])
    write_lines(folder / POPE[benchmark], [{"question_id": row["id"], "text": row["answer"]} for row in rows])
    for category in sorted({row["category"] for row in rows}):
        chosen = [pope_label(row) for row in rows if row["category"] == category]
        write_lines(labels / f"coco_pope_{category}.json", chosen)
    if "labels_of_the_newer_random_split" in sample:
        write_lines(labels / "coco_pope_random_3000.json", sample["labels_of_the_newer_random_split"])


def pope_question(row: dict[str, Any], suffix: str) -> dict[str, Any]:
    shared = {key: row[key] for key in ("image", "category")}
    return {"question_id": row["id"], "text": row["text"] + suffix, **shared}


def pope_label(row: dict[str, Any]) -> dict[str, Any]:
    return {"question_id": row["label_id"], **{key: row[key] for key in ("image", "text", "label")}}


def write_scienceqa(folder: Path) -> None:
    """Write questions, split and result file of ScienceQA."""
    folder.mkdir(parents=True)
    rows = sample_of("scienceqa")["rows"]
    write_json(folder / "llava_test_CQM-A.json", [scienceqa_question(row) for row in rows])
    write_json(folder / "pid_splits.json", {"test": [row["id"] for row in rows]})
    answers = {
        name: {row["id"]: row[key] for row in rows} for name, key in (("outputs", "answer"), ("results", "official"))
    }
    write_json(folder / "llava-v1.5-13b_result.json", answers)


def scienceqa_question(row: dict[str, Any]) -> dict[str, Any]:
    turns = [{"from": "human", "value": row["text"]}, {"from": "gpt", "value": row["gold"]}]
    return {"id": row["id"], **({"image": row["image"]} if "image" in row else {}), "conversations": turns}


def write_mme(folder: Path) -> None:
    """Write questions, answers and lists of MME; both questions about an image have its name as their id."""
    (folder / "gold").mkdir(parents=True)
    sample = sample_of("mme")
    rows = [row | {"text": mme_question(row) + sample["suffix"]} for row in sample["rows"]]
    questions = [
        {"question_id": row["image"], **{key: row[key] for key in ("image", "text", "category")}} for row in rows
    ]
    write_lines(folder / "llava_mme.jsonl", questions)
    answers = [{"question_id": row["image"], "prompt": row["text"], "text": row["answer"]} for row in rows]
    write_lines(folder / "llava-v1.5-13b.jsonl", answers)
    for category in {row["category"] for row in rows}:
        listed = [row for row in rows if row["category"] == category]
        lines = ["\t".join((row["image"].split("/")[-1], row["listed"], row["gold"])) + "\n" for row in listed]
        (folder / "gold" / f"{category}.txt").write_text("".join(lines))


def mme_question(row: dict[str, Any]) -> str:
    return str(row["listed"]).removesuffix("Please answer yes or no.").rstrip()


def write_seed(folder: Path) -> None:
    """Write predictions with their gold as SEED-Bench publishes them: an object a line, with a comma after it."""
    folder.mkdir()
    lines = [json.dumps(row) + ",\n" for row in sample_of("seed")["rows"]]
    (folder / "GPT-4V.json").write_text("".join(lines))


def write_mmmu(folder: Path) -> None:
    """Write gold answers and predictions by id, as MMMU publishes them."""
    folder.mkdir()
    rows = sample_of("mmmu")["rows"]
    kinds = {True: "multiple-choice", False: "short-answer"}
    gold = {row["id"]: {"question_type": kinds["options" in row], "ground_truth": row["gold"]} for row in rows}
    write_json(folder / "answer_dict_val.json", gold)
    write_json(folder / "llava1.5_13b_total_val_output.json", {row["id"]: row["prediction"] for row in rows})


def write_mm_vet(folder: Path) -> None:
    """Write questions of other words with the recorded capabilities, answers, and recorded grades, as MM-Vet does."""
    folder.mkdir()
    rows = sample_of("mm-vet")["rows"]
    shared = {"imagename": "v1_0.png", "question": "What is it?", "answer": "a cat<OR>a dog", "imagesource": "web"}
    questions = {row["id"]: {**shared, "capability": row["capability"]} for row in rows}
    write_json(folder / "mm-vet.json", questions)
    write_json(folder / "llava-v1.5-13b.json", {row["id"]: f"Number {row['id']}." for row in rows})
    grades = {row["id"]: {key: row[key] for key in ("model", "content", "score")} for row in rows}
    write_json(folder / "llava-v1.5-13b_gpt-4-grade-1runs.json", grades)


def write_llava_bench(folder: Path) -> None:
    """Write answers of other words with their recorded ids, and reviews of which only the first line is recorded."""
    folder.mkdir()
    rows = sample_of("llava-bench")["rows"]
    answers = [
        {"question_id": row["id"], "prompt": f"Question {row['id']}?", "text": "A.", "answer_id": row["answer_id"]}
        for row in rows
    ]
    reviews = [
        {
            **{"id": number, "question_id": row["id"], "answer2_id": row["answer_id"], "tuple": row["tuple"]},
            **{"category": f"llava_bench_{row['category']}", "content": f"{row['line']}\nBecause."},
        }
        for number, row in enumerate(rows, 1)
    ]
    write_lines(folder / "llava-v1.5-13b.jsonl", answers)
    write_lines(folder / "llava-v1.5-13b-eval1.jsonl", reviews)


def write_mathvista(folder: Path) -> None:
    """Write problems of other words, and an output file with the recorded extractions."""
    folder.mkdir()
    rows = sample_of("mathvista")["rows"]
    read = ("extraction", "prediction", "true_false")
    problems = {
        row["pid"]: {**row, "question": f"Question {row['pid']}?", "image": f"images/{row['pid']}.jpg"} for row in rows
    }
    outputs = {name: {**row, "response": f"It is {row['extraction']}."} for name, row in problems.items()}
    write_json(folder / "bard_output.json", outputs)
    write_json(
        folder / "testmini.json",
        {name: {key: value for key, value in row.items() if key not in read} for name, row in problems.items()},
    )


def write_textvqa(folder: Path) -> None:
    """Write questions and answers of TextVQA; all questions about an image have its name as their id."""
    folder.mkdir(parents=True)
    sample = sample_of("textvqa")
    rows = [
        {**row, "text": f"{row['question']}\nReference OCR token: {row['tokens']}\n{SHORT}"} for row in sample["rows"]
    ]
    questions = [{"question_id": row["id"], "image": f"{row['id']}.jpg", "text": row["text"]} for row in rows]
    write_lines(folder / "llava_textvqa_val_v051_ocr.jsonl", questions)
    answers = [{"question_id": row["id"], "prompt": row["text"], "text": row["answer"]} for row in rows]
    write_lines(folder / "answers-llava-v1.5-13b.jsonl", answers)


def write_textvqa_gold(path: Path, questions: Path, answers: Path) -> None:
    """Write gold of TextVQA's form for recorded answers: some equal to them but for case, article and full stop."""
    data = []
    pairs = zip(read_lines(questions), read_lines(answers), strict=True)
    for number, (question, answer) in enumerate(pairs):
        text, tokens, _ = question["text"].split("\n")
        same = (answer["text"].lower(), answer["text"].upper() + ".", f"the {answer['text']}")[number % 3]
        other = tokens.removeprefix("Reference OCR token: ").split(", ")[0] or "nothing"
        golds = [same] * (number % 6) + [other] * (10 - number % 6)
        data.append({"image_id": question["question_id"], "question": text, "question_id": number, "answers": golds})
    write_json(path, {"dataset_type": "val", "dataset_name": "textvqa", "data": data})


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def expect_pope(scored: dict[str, Any], official: dict[str, Any]) -> None:
    """Assert that a score of POPE is the official one, in every category and as the mean of their F1."""
    metrics = scored["metrics"]
    for category, numbers in official.items():
        for name in ("accuracy", "precision", "recall", "f1"):
            assert abs(metrics[f"{name}/{category}"] - numbers[name]) <= 1e-7 * numbers[name], (category, name)
        assert sum(numbers[count] for count in COUNTS) == numbers["rows"]
    mean = sum(numbers["f1"] for numbers in official.values()) / len(official)
    assert abs(metrics["f1"] - mean) <= 1e-7 * mean
    assert scored["n"] == sum(numbers["rows"] for numbers in official.values())
    assert (scored["unparsed"], scored["missing"], scored["model"]) == (0, 0, None)
    assert (scored["status"], scored["marks"]) == ("complete", {})


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content))
