"""Stand-ins with options: AI2D, CMMMU, MMMU, MMVP and SEED-Bench."""

from typing import Any

from pipeline_lib.digits.questions import is_there
from pipeline_lib.digits.scene import Scene
from pipeline_lib.digits.stand_ins.scenes import Files, Picture, Row, Scenes

CHINESE = "零一二三四五六七八九"
CHINESE_CELLS = ("左上", "右上", "左下", "右下")
IMAGE_COLUMNS = 7  # of a row of MMMU


def ai2d(scenes: Scenes) -> Files:
    """Return InternVL's file, whose questions hold options and request."""
    rows = [
        {
            "image": f"data/ai2diagram/AI2D_TEST/{number}.png",
            "question": f"{asked.text}\nPlease answer the question based on the options mentioned before.",
            "question_id": number,
            "answer": asked.letter,
        }
        for number, asked in enumerate(scenes.choices())
    ]
    return {"ai2d_test_vlmevalkit.jsonl": rows, **scenes.pictures("AI2D_TEST/{}.png")}


def mmvp(scenes: Scenes) -> Files:
    """Return Questions.csv: the same question about two scenes, which have different answers where they differ."""
    lines = ["Index,Question,Options,Correct Answer"]
    for number in range(0, scenes.count - scenes.count % 2, 2):
        pair = scenes[number], scenes[number + 1]
        digit = min({*pair[0].digits} ^ {*pair[1].digits}, default=pair[0].digits[0])
        for position, scene in enumerate(pair, 1):
            letter = "(a)" if digit in scene.digits else "(b)"
            lines.append(f'{number + position},"{is_there(digit)} Yes, or no?",(a) Yes (b) No,{letter}')
    files: Files = {"Questions.csv": "\n".join(lines) + "\n"}
    return files | {f"MMVP Images/{number}.jpg": Picture(number - 1) for number in range(1, len(lines))}


def seed(scenes: Scenes) -> Files:
    """Return SEED-Bench.json, every fourth question about a video; and the images, and a frame of each video."""
    files: Files = {}
    rows: list[Row] = []
    for number, asked in enumerate(scenes.choices()):
        video = number % 4 == 3
        name, task = (f"v{number}", 10) if video else (f"{101_000 + number}", 5 if asked.kind == "count" else 4)
        data = f"{94_000 + number}.webm" if video else f"{1_454_426 + number}_2591111986"
        kind = {"data_id": data, "data_type": "video" if video else "image", "question_type_id": task}
        options = {f"choice_{letter}": text for letter, text in zip("abcd", asked.options, strict=True)}
        rows.append({"answer": asked.letter, **options, "question": asked.question, "question_id": name, **kind})
        files[f"{task}_{name}.png" if video else data] = Picture(number)
    tasks = {"Instance Location": 4, "Instances Counting": 5, "Action Recognition": 10}
    return {"SEED-Bench.json": {"questions": rows, "question_type": tasks}, **files}


def mmmu(scenes: Scenes, split: str = "validation") -> Files:
    """Return tables of two subjects and the gold answers; the test split has none: its answers are "?".

    A question may show two images, options are the text of a list in Python, and some questions have none.
    """
    gold: dict[str, Row] = {}
    pictures: Files = {}
    tables: dict[str, list[Row]] = {"Accounting": [], "Math": []}
    short = scenes.asked()
    for number, asked in enumerate(scenes.choices()):
        subject = "Math" if number % 2 else "Accounting"
        name = f"{split}_{subject}_{number + 1}"
        two, is_open = number % 4 == 2, number % 4 == 3
        question = f"<image 1> {short[number].question if is_open else asked.question}" + two * " Beside it: <image 2>"
        numbers = [number, (number + 1) % scenes.count] if two else [number]
        images = {f"{name}_{position}.png": each for position, each in enumerate(numbers, 1)}
        pictures |= {file: Picture(each) for file, each in images.items()}
        several = [short[number].answer, "a " + short[number].answer]
        answer: Any = several if is_open else asked.letter
        gold[name] = {"question_type": "short-answer" if is_open else "multiple-choice", "ground_truth": answer}
        tables[subject].append(
            {
                "id": name,
                "question": question,
                "options": str([] if is_open else list(asked.options)),
                "explanation": "",
                **_image_columns(
                    [{"bytes": scenes.bytes_of(each, file), "path": file} for file, each in images.items()]
                ),
                "img_type": "['Diagrams']",
                "answer": str(answer) if split == "validation" else "?",
                "topic_difficulty": "Easy",
                "question_type": "open" if is_open else "multiple-choice",
                "subfield": subject,
            }
        )
    named: Files = {f"{split}/{name}/{split}-00000-of-00001.parquet": rows for name, rows in tables.items() if rows}
    return named | pictures | ({"answer_dict_val.json": gold} if split == "validation" else {})


def _image_columns(images: list[Row]) -> Row:
    """Return the seven columns of images, empty from the last image on."""
    return {f"image_{index + 1}": images[index] if index < len(images) else None for index in range(IMAGE_COLUMNS)}


def cmmmu(scenes: Scenes, split: str = "val") -> Files:
    """Return two domains with choices, statements and blanks, in Chinese, and their images beside them.

    The rows of the test split have no answers.
    """
    files: Files = {}
    domains: dict[str, tuple[str, list[Row]]] = {"business": ("商业", []), "science": ("科学", [])}
    for number in scenes.numbers:
        domain = "science" if number % 2 else "business"
        category, rows = domains[domain]
        scene, image = scenes[number], f"q_{number}_001.PNG"
        files[f"cmmmu-data-{split}/{domain}/{image}"] = Picture(number)
        about = {"category": category, "subcategory": "经济" if domain == "business" else "数学", "analysis": None}
        fields = _choice(scene, image) if number % 3 == 0 else _statement(scene, number % 2 == 0, image)
        fields = _blank(scene, image) if number % 3 == 2 else fields
        row = {"id": number + 1, **fields, **about, "img_list": [image], "split": split}
        hidden = ("answer", "analysis", "split") if split == "test" else ()
        rows.append({name: value for name, value in row.items() if name not in hidden})
    named = {f"cmmmu-data-{split}/{name}/{name}.jsonl": rows for name, (_, rows) in domains.items()}
    return {**{name: rows for name, rows in named.items() if rows}, **files}


def _choice(scene: Scene, image: str) -> Row:
    """Return a choice between four digits, of which the gold answer has one letter or several."""
    digits = sorted([*scene.digits, *(digit for digit in range(10) if digit not in scene.digits)][:4])
    letters = "".join(letter for letter, digit in zip("ABCD", digits, strict=True) if digit in scene.digits)
    options = {f"option{position}": CHINESE[digit] for position, digit in enumerate(digits, 1)}
    return {"type": "选择", "question": f'图<img="{image}">中的数字是（）', **options, "answer": letters}


def _statement(scene: Scene, true: bool, image: str) -> Row:
    """Return a statement about the first digit of the scene, which is true or not."""
    cell, answer = CHINESE_CELLS[scene.cells[0]], "对" if true else "错"
    digit = scene.digits[0] if true else (scene.digits[0] + 1) % 10
    return {"type": "判断", "question": f'图<img="{image}">{cell}的数字是{CHINESE[digit]}。', "answer": answer}


def _blank(scene: Scene, image: str) -> Row:
    """Return the sentence with a blank for the number of digits."""
    return {"type": "填空", "question": f'图<img="{image}">中有___个数字。', "answer": str(len(scene.digits))}
