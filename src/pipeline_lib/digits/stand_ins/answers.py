"""Stand-ins with short answers: DocVQA, MME, OCR-VQA and Tiny LVLM-eHub."""

from pipeline_lib.digits.questions import SHORT
from pipeline_lib.digits.stand_ins.scenes import Files, Picture, Row, Scenes

IN_IMAGES = ("artwork", "celebrity", "landmark", "posters", "scene")  # categories of MME whose images have a folder
CATEGORIES = (
    *IN_IMAGES,
    *("OCR", "code_reasoning", "color", "commonsense_reasoning", "count", "existence"),
    *("numerical_calculation", "position", "text_translation"),
)
ABILITIES = (
    *("Object_Hallucination", "Visual_Commonsense", "Visual_Knowledge_Acquisition"),
    *("Visual_Perception", "Visual_Reasoning"),
)


def docvqa(scenes: Scenes) -> Files:
    """Return val_v1.0.json, whose questions have several gold answers."""
    rows = [
        {
            "questionId": 49_000 + number,
            "question": asked.question,
            "image": f"documents/{number}.png",
            "docId": number,
            "ucsf_document_id": "",
            "ucsf_document_page_no": "1",
            "answers": [asked.answer.capitalize(), f"a {asked.answer}"],
            "data_split": "val",
        }
        for number, asked in enumerate(scenes.asked())
    ]
    head = {"dataset_name": "SP-DocVQA", "dataset_version": "1.0", "dataset_split": "val"}
    return {"val_v1.0.json": {**head, "data": rows}, **scenes.pictures("{}.png")}


def ocrvqa(scenes: Scenes) -> Files:
    """Return InternVL's rows, which have their answers."""
    rows = [
        {
            "image": f"data/ocrvqa/images/{number}.jpg",
            "question": asked.question,
            "question_id": number,
            "answer": asked.answer,
        }
        for number, asked in enumerate(scenes.asked())
    ]
    return {"ocrvqa_test.jsonl": rows, **scenes.pictures("{}.jpg")}


def tiny_lvlm(scenes: Scenes) -> Files:
    """Return a list of rows in the folder of every ability; a gold answer is a text, or a list of them."""
    files: Files = {}
    for first, ability in enumerate(ABILITIES):
        rows: list[Row] = []
        for number, asked in list(enumerate(scenes.asked()))[first :: len(ABILITIES)]:
            answers = [asked.answer] if number % 2 else asked.answer
            rows.append({"image_path": f"{number}.jpg", "question": asked.question, "gt_answers": answers})
            files[f"{ability}/{number}.jpg"] = Picture(number)
        files[f"updated_datasets/{ability}/dataset.json"] = rows
    return files


def mme(scenes: Scenes) -> Files:
    """Return LLaVA's questions and the lists of all categories: two questions about an image of each.

    In a list, images have no folder, and the request for yes or no follows one space, or sometimes two.
    """
    files: Files = {}
    rows: list[Row] = []
    for number, category in enumerate(CATEGORIES):
        image = f"{number:04d}.png"
        path = f"{category}/images/{image}" if category in IN_IMAGES else f"{category}/{image}"
        pairs = scenes.yes_and_no(number)
        space = "  " if number % 5 == 1 else " "
        lines = [f"{image}\t{question}{space}Please answer yes or no.\t{answer}\n" for question, answer in pairs]
        row = {"question_id": path, "image": path, "category": category}
        rows += [{**row, "text": f"{question}\n{SHORT}"} for question, _ in pairs]
        files |= {path: Picture(number), f"gold/{category}.txt": "".join(lines)}
    return {"llava_mme.jsonl": rows, **files}
