"""Keys and tokens: known by the form that providers give them, or by the name of the setting that holds one.

The forms are those of OpenAI and others that begin with `sk-`, Groq, Google, xAI, NVIDIA, Hugging Face, GitHub, GitLab,
Replicate and AWS, and JSON web tokens.
"""

import re

SECRET = "secret"  # the type of a fault in settings whose value is not shown
HIDDEN = "not shown"  # what stands for such a value
SHORTEST_KEY = 20  # characters of a word that may be a key of an unknown form

_TOKEN = re.compile(
    r"""(?<![\w-])(
    sk-(?=[\w-]*\d)[\w-]{16,} | gsk_\w{20,} | AIza[\w-]{30,} | xai-[\w-]{20,} | nvapi-[\w-]{20,}
    | hf_[A-Za-z0-9]{20,} | gh[pousr]_[A-Za-z0-9]{20,} | glpat-[\w-]{16,} | r8_\w{20,} | A[KS]IA[0-9A-Z]{16}
    | eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*
    )""",
    re.VERBOSE,
)
_NAME = re.compile(
    r"""(.*[-_.])? (api|access|auth|secret|private|bearer|hf|subscription|account) [-_]? (key|token)s?
    | (.*[-_.])? (password|passwd|secret|authorization|credentials?|bearer) | key | token | auth""",
    re.IGNORECASE | re.VERBOSE,
)


def names_secret(name: str) -> bool:
    """Return whether a setting, an option or a variable of this name holds a key, a token or a password."""
    return _NAME.fullmatch(name) is not None


def holds_secret(text: str) -> bool:
    """Return whether a text has a key or a token of a known form in it."""
    return _TOKEN.search(text) is not None


def may_be_secret(word: str) -> bool:
    """Return whether a word that should be a name looks like a key: of a known form, or long and without meaning."""
    drawn = any(letter.isdigit() for letter in word) and (word != word.upper() or "_" not in word)
    return holds_secret(word) or (len(word) >= SHORTEST_KEY and drawn)


def without_tokens(text: str) -> str:
    """Return a text in which `…` stands for keys and tokens of known forms."""
    return _TOKEN.sub("…", text)
