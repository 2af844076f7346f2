"""The parts of a vision-language model, by which recipes name what they train."""

from typing import Literal

Part = Literal["language", "projector", "vision"]
