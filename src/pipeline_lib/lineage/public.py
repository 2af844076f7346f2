"""What of a record may leave this machine: no host, no absolute path, no key."""

import re
from typing import Any

from pipeline_lib.core.secrets import HIDDEN, names_secret, without_tokens
from pipeline_lib.core.urls import without_secrets

LOCAL = "(a path of this machine)"
HOST = "host"  # a field of the machine in older records

# A path from the root or from a home, not the part of a URL, a relative path or a media type.
_ABSOLUTE = re.compile(r"""(?<![\w:/.~)\]<-])(?:~[\w.-]*/|/(?=[\w.~-]))[^\s"'<>|,;]*""")


def public(value: Any) -> Any:
    """Return a JSON value without secrets, and with LOCAL in place of absolute paths; keys remain."""
    if isinstance(value, dict):
        return {
            name: HIDDEN if item is not None and names_secret(str(name)) else public(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [public(item) for item in value]
    return public_text(value) if isinstance(value, str) else value


def public_text(text: str) -> str:
    """Return a text without secrets and absolute paths."""
    return _ABSOLUTE.sub(LOCAL, without_tokens(without_secrets(text)))
