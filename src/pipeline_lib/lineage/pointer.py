"""A result named as PATH or PATH#/json/pointer, and the value that a JSON pointer (RFC 6901) names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Self

from pipeline_lib.core.errors import PipelineError, suggest


@dataclass(frozen=True)
class Reference:
    """A file, and the names that lead to a value in it; no names mean the whole file."""

    path: Path
    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the reference that a text states; a pointer that does not begin with `/` raises PipelineError."""
        path, _, pointer = text.partition("#")
        if not path:
            raise PipelineError("no file is named", value=text, cure="FILE or FILE#/json/pointer")
        if pointer and not pointer.startswith("/"):
            raise PipelineError("a JSON pointer begins with /", where=path, value=pointer, cure=f"{path}#/{pointer}")
        return cls(Path(path), tuple(_plain(name) for name in pointer.split("/")[1:]))

    @property
    def pointer(self) -> str:
        """The JSON pointer, empty for the whole file."""
        return pointer_of(self.names)

    def __str__(self) -> str:
        return f"{self.path.as_posix()}#{self.pointer}" if self.names else self.path.as_posix()

    def value(self, content: Any) -> Any:
        """Return what the pointer names in the content of the file; PipelineError suggests a name that exists."""
        values = [content]
        for name in self.names:
            value = values[-1]
            if isinstance(value, dict) and name in value:
                values.append(value[name])
            elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
                values.append(value[int(name)])
            else:
                raise PipelineError("the file has no such value", where=str(self), cure=self._cure(values))
        return values[-1]

    def _cure(self, values: list[Any]) -> str:
        """Return how to name a value that exists; `values` are those that the first names lead to."""
        for depth in range(len(values) - 1, -1, -1):
            for count in range(len(self.names) - depth, 1, -1):  # a name with slashes in it
                name = "/".join(self.names[depth : depth + count])
                if isinstance(values[depth], dict) and name in values[depth]:
                    names = (*self.names[:depth], name, *self.names[depth + count :])
                    return f"write / inside a name as ~1: {self.path.as_posix()}#{pointer_of(names)}"
        depth, value = len(values) - 1, values[-1]
        above = f"#{pointer_of(self.names[:depth])}"
        known = [str(name) for name in (value if isinstance(value, dict) else range(_length(value)))]
        return f"{suggest(self.names[depth], known)} below {above}" if known else f"{above} has no names in it"


def pointer_of(names: Iterable[str]) -> str:
    """Return the JSON pointer that consists of some names."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def _plain(name: str) -> str:
    return name.replace("~1", "/").replace("~0", "~")


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0
