"""What an error of a server means: try again, count the request as failed, or end the job; a later call resumes it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Callable, Mapping

import httpx2
import openai

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.urls import without_queries
from pipeline_lib.endpoints.bodies import RefusedBodyError

RETRIED = {408, 409, 425, 429}  # and all from 500 on
QUOTA = "insufficient_quota"  # the code of a 429 that no waiting ends
LONGEST_RETRY_AFTER = 600.0  # seconds; a longer one ends the job
SHOWN = 500  # characters of an error
AGAIN = "what was replied is saved: run the same command again"
CURES = {
    401: f"correct the key that `access` names; {AGAIN}",
    403: f"the key may not use this model; {AGAIN}",
    404: f"correct `url` or `model`; after a correction of the study, everything is asked again; else {AGAIN}",
}


@dataclass(frozen=True)
class Fault:
    """An error that may pass if `again`; `wait` is the server's Retry-After, in seconds.

    `slow`: the server wants fewer requests. `charged`: it may have worked, and charge for it.
    """

    reason: str
    again: bool
    wait: float | None = None
    slow: bool = False
    charged: bool = False


def fault_of(
    error: openai.APIError | TimeoutError, hide: Callable[[str], str], url: str, sent: Mapping[str, Any]
) -> Fault:
    """Return what an error means; PipelineError if every request would get it.

    `hide` removes the key from what the server says, `sent` are the parameters of the request.
    """
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return Fault("no reply in time", again=True, slow=True, charged=True)
    if isinstance(error.__cause__, RefusedBodyError):
        return Fault(hide(str(error.__cause__))[:SHOWN], again=True, charged=True)
    if not isinstance(error, openai.APIStatusError):
        unreached = isinstance(error.__cause__, httpx2.ConnectError)
        cause = type(error.__cause__).__name__ if error.__cause__ else type(error).__name__
        return Fault(f"connection failed: {cause}", again=True, charged=not unreached)
    status, summary = error.status_code, f"{error.status_code}: {hide(_reason_of(error))[:SHOWN]}"
    if 300 <= status < 400:
        cure = "name that address as `url`, if you trust it: neither questions nor key are sent elsewhere unasked"
        raise PipelineError(
            "the server sends its requests elsewhere", where=url, value=_elsewhere(error, hide), cure=cure
        )
    if status in CURES:
        raise PipelineError("the server refuses every request", where=url, value=summary, cure=CURES[status])
    if status == 429 and QUOTA in (error.code, error.type):
        cure = f"{AGAIN} when the account has credit"
        raise PipelineError("the quota of the account is used up", where=url, value=summary, cure=cure)
    if status == 400 and str(error.param) in sent.keys() - {"messages"}:
        cure = "correct `sends`, `maximum`, `max_tokens` or `parameters` of this model"
        raise PipelineError("the model does not take a parameter", where=url, value=summary, cure=cure)
    if status not in RETRIED and status < 500:
        return Fault(summary, again=False)
    wait = retry_after(error.response.headers) or None  # a moment that is past, by another clock too, states no wait
    if wait is not None and wait > LONGEST_RETRY_AFTER:
        cure = f"{AGAIN} then"
        raise PipelineError(f"the server asks to wait {wait:.0f} seconds", where=url, value=summary, cure=cure)
    return Fault(summary, again=True, wait=wait, slow=status in (408, 429, 503, 529))


def _reason_of(error: openai.APIStatusError) -> str:
    """Return the text of an error; of a response without a message, the beginning of its body."""
    text = str(error)
    if " - " in text:
        return text
    body = error.response.content[: 4 * SHOWN].decode("utf-8", "replace").strip()
    return f"{text} - {body}" if body else text


def _elsewhere(error: openai.APIStatusError, hide: Callable[[str], str]) -> str:
    """Return the status of a redirect, and where it leads without a query."""
    return f"{error.status_code}: {without_queries(hide(error.response.headers.get('Location', '')))[:SHOWN]}"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a response asks to wait, which it states as a number or as a date; None without any."""
    value = headers.get("retry-after", "")
    try:
        return max(0.0, float(value)) if value[:1].isdecimal() else max(0.0, _until(value))
    except (ValueError, OverflowError):
        return None


def _until(date: str) -> float:
    moment = parsedate_to_datetime(date)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()
