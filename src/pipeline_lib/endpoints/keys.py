"""The key of a server: from an environment variable or a file outside the project; it is written down nowhere."""

import json
import os
from pathlib import Path
from urllib.parse import quote

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.endpoints.access import Access
from pipeline_lib.machine.site import locate

SHORTEST = 8  # characters of a key to remove from texts: shorter ones occur in any text
HIDDEN = "[key]"


class Key:
    """A key that no representation shows."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def __repr__(self) -> str:
        return HIDDEN

    def reveal(self) -> str | None:
        """Return the key itself, for the header of a request."""
        return self._text

    def without(self, text: str) -> str:
        """Return a text of a server without the key: some quote it in errors, perhaps as JSON, Python or URLs do."""
        if self._text is None or len(self._text) < SHORTEST:
            return text
        quoted = json.dumps(self._text)[1:-1]
        in_urls = (quote(self._text), quote(self._text, safe=""))
        for form in (self._text, quoted, quoted.replace("/", r"\/"), repr(self._text)[1:-1], *in_urls):
            text = text.replace(form, HIDDEN)
        return text


def find_key(access: Access) -> Key:
    """Return the key that an access names; PipelineError if it is not on this machine."""
    if access.key is not None:
        text = os.environ.get(access.key, "").strip()
        if not text:
            cure = f"export {access.key}=... in the shell that starts the workflow"
            raise PipelineError("the key of the server is not set", where=f"variable {access.key}", cure=cure)
        return Key(_checked(text, f"variable {access.key}"))
    if access.key_file is None:
        return Key(None)
    path = locate(access.key_file).expanduser()
    if path.resolve().is_relative_to(Path.cwd().resolve()):
        cure = "move it out of the project, which git and others read"
        raise PipelineError("the file of a key is inside the project", where=access.key_file, cure=cure)
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        cure = "write the key into this file, or correct `access.key_file`"
        raise PipelineError("the file of the key cannot be read", where=access.key_file, cure=cure) from error
    return Key(_checked(text, access.key_file))


def _checked(text: str, where: str) -> str:
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise PipelineError("this is no key: a key is one word", where=where, cure="store the key alone in it")
    return text
