"""Downloads from Google Drive, past the page that asks for confirmation; any other page is an error.

The pages' format: https://github.com/wkentaro/gdown, gdown/download.py, commit
013f4b837de2a55b6d72c94db6142d14b48bb471 (a form with the id `download-form`; `uc-error-subcaption` above the reason).
"""

from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Iterator
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import httpx2

from pipeline_lib.downloads.pace import UnreachableError
from pipeline_lib.downloads.transfer import refuse_encoded

ENDPOINT = "https://drive.google.com"
LARGEST = 2**20  # bytes of a page to read
QUOTA = ("quota", "too many users")


@dataclass(frozen=True)
class DriveFile:
    """A Google Drive file that anyone with the link may read."""

    id: str
    endpoint: str = ENDPOINT

    @property
    def name(self) -> str:
        """Return the name under which it is pinned."""
        return f"drive:{self.id}"

    @property
    def url(self) -> str:
        """Return the address of the download."""
        return f"{self.endpoint}/uc?{urlencode({'export': 'download', 'id': self.id})}"

    @contextmanager
    def open(self, client: httpx2.Client, headers: dict[str, str]) -> Iterator[httpx2.Response]:
        """Request the file; after a confirmation page, request it again with the fields of its form."""
        with client.stream("GET", self.url, headers=headers) as response:
            if not _is_page(response):
                yield response
                return
            page = self._page(response)
            action = page.action and _with_fields(urljoin(str(response.url), page.action), page.fields)
        if not action:
            raise self._refusal(page, str(response.url))
        with client.stream("GET", action, headers=headers) as response:
            if _is_page(response):
                raise self._refusal(self._page(response), str(response.url))
            yield response

    def _page(self, response: httpx2.Response) -> "_Page":
        """Return the parsed start of a page; a compressed body raises UnreachableError."""
        refuse_encoded(response, self.name)
        start = b""
        for chunk in response.iter_raw():
            start += chunk
            if len(start) > LARGEST:
                break
        return _Page(start.decode("utf-8", "replace"))

    def _refusal(self, page: "_Page", url: str) -> UnreachableError:
        """Return the error that explains the page."""
        text = " ".join(page.text.split())
        if any(word in text.lower() for word in QUOTA):
            cure = "wait a day, or copy the file to your own Drive and use the copy's id"
            return UnreachableError(self.name, "Google Drive's quota for this file is used up", cure)
        if "accounts." in urlsplit(url).netloc or "ServiceLogin" in url or "sign in" in text.lower():
            cure = "only logged-in users may read it: download it yourself and use the source `manual`"
            return UnreachableError(self.name, "Google Drive wants a log-in", cure)
        cure = f"open {self.url} in a browser, download it there and use the source `manual`"
        return UnreachableError(self.name, f"Google Drive answers with a page: {text[:200]}", cure)


class _Page(HTMLParser):
    """A parsed page: its text, and the form that confirms the download."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.text = ""
        self._inside = False
        self._silent = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Store the form's action and its hidden fields."""
        values = {name: value or "" for name, value in attrs}
        self._silent = tag in ("script", "style")
        if tag == "form" and values.get("id") == "download-form":
            self.action, self._inside = values.get("action", ""), True
        elif tag == "input" and self._inside and values.get("type") == "hidden":
            self.fields[values.get("name", "")] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Close the form."""
        self._silent = False
        if tag == "form":
            self._inside = False

    def handle_data(self, data: str) -> None:
        """Collect the visible text."""
        if not self._silent:
            self.text += f" {data}"


def _is_page(response: httpx2.Response) -> bool:
    """Return whether a response is a page of Drive itself; the file has a Content-Disposition."""
    if response.status_code >= 500 or "Content-Disposition" in response.headers:
        return False
    return response.headers.get("Content-Type", "").startswith("text/html")


def _with_fields(url: str, fields: dict[str, str]) -> str:
    parts = urlsplit(url)
    query = urlencode({**dict(parse_qsl(parts.query)), **fields})
    return urlunsplit(parts._replace(query=query))
