"""Detection of URLs with credentials, by the names of their parameters, and their display without credentials.

The names cover the signed URLs of AWS (`X-Amz-*`, `AWSAccessKeyId`), Google (`X-Goog-*`, `GoogleAccessId`), Azure
(`sig`, `se`, `sp`, `sv` …), CloudFront (`Policy`, `Key-Pair-Id`), Alibaba, Tencent, Akamai, Dropbox, and any
name with token, key or signature in it.
"""

import re
from urllib.parse import parse_qsl, urlsplit

_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.IGNORECASE)
_CREDENTIAL = re.compile(
    r"""x-(amz|goog|oss|cos|obs|bce|tos|ms|ccdn)-.*
    | .*(token|secret|signature|password|passwd|credential|authkey|jwt|session).*
    | .*(access|api|private|auth|resource|shared|rl|key-pair)[-_]?(key|id)(-?id)?
    | key | sig | sign | auth | authorization | pwd | pass | expires | expiry | policy | hmac | hdnts | hdnea | ticket
    | se | sp | sv | sr | st | spr | sks | skt | ske | skv | skoid | sktid | q-(sign|ak|signature|key).*""",
    re.IGNORECASE | re.VERBOSE,
)
_SECRET = re.compile(
    r"\b(hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|eyJ[\w-]{10,}\.[\w-]{10,}\.|A[KS]IA[0-9A-Z]{16})"
)


def is_readable(location: str) -> bool:
    """Return whether a location can be parsed, if it is a URL: brackets must contain an IP address."""
    try:
        urlsplit(location)
    except ValueError:
        return "://" not in location
    return True


def secret_in(url: str) -> str | None:
    """Return which part of a URL is a credential, so that the URL must not be written down; None without one."""
    if not _URL.match(url.strip()):
        return None
    parts = urlsplit(url.strip())
    if "@" in parts.netloc:
        return "a user or password"
    matrix = parts.path.replace(";", "&").partition("&")[2]
    for query in (parts.query, parts.fragment, matrix, *(part.replace(";", "&") for part in parts[3:])):
        for name, value in parse_qsl(query, keep_blank_values=True):
            if _CREDENTIAL.fullmatch(name):
                return f"the parameter {name!r}"
            if secret_in(value):
                return secret_in(value)
    return "a token" if _SECRET.search(url) else None


def without_queries(text: str) -> str:
    """Return the text with query and user removed from every URL, which is safe to log."""
    return _URL.sub(lambda matched: _bare(matched.group()), text)


def without_secrets(text: str) -> str:
    """Return the text with URLs shortened as by `without_queries`, but only those with a secret."""
    return _URL.sub(lambda matched: _bare(matched.group()) if _is_secret(matched.group()) else matched.group(), text)


def _is_secret(url: str) -> bool:
    try:
        return secret_in(url) is not None
    except ValueError:  # not a URL
        return True


def _bare(url: str) -> str:
    scheme, _, address = url.partition("://")
    bare = re.split(r"[?#;]", address, maxsplit=1)[0]
    host, slash, path = bare.partition("/")
    shortened = host.rpartition("@")[2] + slash + _SECRET.sub("…", path)
    return f"{scheme}://{shortened}" + ("?…" if len(bare) < len(address) else "")
