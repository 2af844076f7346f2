"""Stand-ins of what a language model judges (LLaVA-Bench, MathVista, MM-Vet), and of graded radiographs."""

from typing import Any

from pipeline_lib.digits.scene import caption
from pipeline_lib.digits.stand_ins.scenes import Files, Picture, Row, Scenes

CATEGORIES = ("conv", "detail", "complex")
CAPABILITIES = (["rec"], ["ocr"], ["ocr", "math"], ["rec", "spat"], ["rec", "know", "gen"])
OF_EVERY_PROBLEM = {  # MathVista's metadata, here the same for all
    "split": "testmini",
    "language": "english",
    "source": "CLEVR-Math",
    "category": "math-targeted-vqa",
    "task": "math word problem",
    "context": "synthetic scene",
    "grade": "elementary school",
    "skills": ["arithmetic reasoning"],
}
GRADES = 5


def llava_bench(scenes: Scenes) -> Files:
    """Return questions, captions (a text, or a list of them) and GPT-4's answers, a line each."""
    names = [f"{number + 1:03d}.jpg" for number in scenes.numbers]
    questions = [
        {"question_id": number, "image": names[number], "text": asked.question, "category": CATEGORIES[number % 3]}
        for number, asked in enumerate(scenes.asked())
    ]
    captions: list[Any] = [caption(scenes[number]) for number in scenes.numbers]
    context = [
        {"id": name, "image": name, "caption": [text] if number % 2 else text}
        for number, (name, text) in enumerate(zip(names, captions, strict=True))
    ]
    answers = [
        {"answer_id": f"a{number}", "model_id": "gpt-4", "question_id": number, "text": f"It is {asked.answer}."}
        for number, asked in enumerate(scenes.asked())
    ]
    pictures: Files = {f"images/{name}": Picture(number) for number, name in enumerate(names)}
    return {"questions.jsonl": questions, "context.jsonl": context, "answers_gpt4.jsonl": answers, **pictures}


def mm_vet(scenes: Scenes) -> Files:
    """Return mm-vet.json: open questions by id, whose gold answers have alternatives."""
    rows: Row = {
        f"v1_{number}": {
            "imagename": f"v1_{number}.png",
            "question": asked.question,
            "answer": f"{asked.answer}<OR>it is {asked.answer}",
            "imagesource": "digits",
            "capability": CAPABILITIES[number % len(CAPABILITIES)],
        }
        for number, asked in enumerate(scenes.asked())
    }
    return {"mm-vet.json": rows, **scenes.pictures("v1_{}.png")}


def mathvista(scenes: Scenes) -> Files:
    """Return the table of testmini: choices, and numbers of digits, each with its query."""
    rows: list[Row] = []
    for number, asked in enumerate(scenes.choices()):
        kind = ("text", "integer", "float", "list")[number % 4]
        count = len(scenes[number].digits)
        answer = {
            "text": asked.options[asked.answer],
            "integer": str(count),
            "float": f"{count}.0",
            "list": f"[{count}]",
        }
        question = asked.question if kind == "text" else "How many digits are in the image?"
        hint = "option letter" if kind == "text" else f"{kind} answer"
        rows.append(
            {
                "pid": str(number + 1),
                "question": question,
                "image": f"images/{number + 1}.jpg",
                "decoded_image": {"bytes": scenes.bytes_of(number, ".jpg"), "path": f"{number + 1}.jpg"},
                "choices": list(asked.options) if kind == "text" else None,
                "unit": None,
                "precision": 1.0 if kind == "float" else None,
                "answer": answer[kind],
                "question_type": "multi_choice" if kind == "text" else "free_form",
                "answer_type": kind,
                "metadata": dict(OF_EVERY_PROBLEM),
                "query": f"Hint: Please answer the question with the {hint} at the end.\nQuestion: {question}",
            }
        )
    pictures: Files = {f"images/{number + 1}.jpg": Picture(number) for number in scenes.numbers}
    return {"data/testmini-00000-of-00001.parquet": rows, **pictures}


def knee_grading(scenes: Scenes) -> Files:
    """Return a result file of a model, as the list of images; they lie in folders by grade, two of each patient."""
    results, pictures = [], dict[str, Picture]()
    for number in scenes.numbers:
        grade, name = number % GRADES, f"{9_000_000 + number // 2}{'LR'[number % 2]}.png"
        pictures[f"{grade}/{name}"] = Picture(number)
        results.append(
            {
                "true_grade": grade,
                "image_file": f"/data/test/{grade}/{name}",
                "predicted_output": f"The most likely Kellgren-Lawrence grade is Grade {grade}.",
                "image_name": name,
            }
        )
    content: Row = {"evaluated_grades": list(range(GRADES)), "total_images": len(results), "results": results}
    return {"000-GPT-4o.json": content, **pictures}
