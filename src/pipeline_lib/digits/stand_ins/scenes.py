"""What stand-ins are made of: scenes with questions about them, pictures, and files by their names."""

from dataclasses import dataclass
from typing import Any, Sequence

import numpy as np

from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.digits.answers import Asked, ask
from pipeline_lib.digits.choices import Choice, choice
from pipeline_lib.digits.formats import WRITERS
from pipeline_lib.digits.questions import is_there
from pipeline_lib.digits.render import draw, encode, image_name
from pipeline_lib.digits.scene import Scene, draw_scene

PNG, JPEG = "grey_png", "jpeg"


@dataclass(frozen=True)
class Picture:
    """The picture of a scene as a file: PNG if its name says so, else JPEG; if `mixed`, as `digits_scenes` has it."""

    number: int
    mixed: bool = False


Row = dict[str, Any]
Content = Picture | str | Row | Sequence[Row]  # of a file: a picture, its text, a JSON object, rows
Files = dict[str, Content]  # by name; the suffix says the form of rows


@dataclass(frozen=True)
class Scenes:
    """Some scenes of a part, by number from 0 on."""

    seed: int
    part: str
    count: int

    def __getitem__(self, number: int) -> Scene:
        return draw_scene(self.seed, self.part, number)

    @property
    def numbers(self) -> range:
        """Return the numbers of the scenes."""
        return range(self.count)

    def choices(self) -> list[Choice]:
        """Return a question with four options about every scene."""
        return [choice(self[number], self.generator(number)) for number in self.numbers]

    def asked(self) -> list[Asked]:
        """Return a question with a short answer about every scene."""
        return ask(self.seed, self.part, self.count)

    def yes_and_no(self, number: int) -> list[tuple[str, str]]:
        """Return a question about a digit of the scene and one about a digit that is not in it, with their answers."""
        scene, generator = self[number], self.generator(number)
        absent = [digit for digit in range(10) if digit not in scene.digits]
        pairs = ((int(generator.choice(scene.digits)), "Yes"), (int(generator.choice(absent)), "No"))
        return [(is_there(digit), answer) for digit, answer in pairs]

    def pictures(self, name: str) -> Files:
        """Return the pictures of all scenes by their names, which `name` makes of a number."""
        return {name.format(number): Picture(number) for number in self.numbers}

    def file_of(self, picture: Picture, name: str) -> bytes:
        """Return the bytes of a picture's file."""
        number = picture.number
        return encode(self[number], self.seed, self.part, number) if picture.mixed else self.bytes_of(number, name)

    def bytes_of(self, number: int, name: str) -> bytes:
        """Return the picture of a scene as the bytes of a file of this name."""
        seed = derive_seed(self.seed, "digits picture", image_name(self.part, number))
        return WRITERS[PNG if name.lower().endswith(".png") else JPEG](draw(self[number], seed, self.part))

    def generator(self, number: int) -> np.random.Generator:
        """Return the source of random numbers of a scene's questions."""
        return np.random.default_rng(derive_seed(self.seed, "digits stand-in", f"{self.part} {number}"))
