"""The layouts that a checkpoint can be exported to."""

from typing import Literal

Layout = Literal["original", "hub", "clip", "projector"]
