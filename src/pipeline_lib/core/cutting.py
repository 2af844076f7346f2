"""Cut a text behind a mark in it."""


def cut_behind(text: str, mark: str | None) -> str:
    """Return a text up to the end of the first `mark` in it; the whole text without a mark, or where it has none."""
    position = text.find(mark) if mark else -1
    return text if position < 0 else text[: position + len(str(mark))]
