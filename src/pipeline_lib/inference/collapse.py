"""Stop a prediction whose first answers are all the same: the rest of a collapsed model's tell nothing more.

Whether a text can be read as an answer is the scorer's to say, and marks the score; here only equal texts count.
"""

from typing import Iterable

from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.engines.base import Reply, Request

PROBE = 50  # answers
SHOWN = 60  # characters of the answer in the error

CURE = (
    "look at the model, its template and the preview of its training; to ask all questions, and have the score marked, "
    "write `on_collapse: mark`"
)


def mixed(requests: Iterable[Request]) -> list[Request]:
    """Return requests in the order of digests of their ids.

    Many files are sorted by their right answer, such as LLaVA-OA's by grade: there a good model's first answers are
    the same.
    """
    return sorted(requests, key=lambda request: digest_text(request.id))


class CollapseProbe:
    """The texts of the first PROBE answers of a job, those before an interruption included."""

    def __init__(self, earlier: Iterable[Reply]) -> None:
        self._texts: list[str] = []
        for reply in earlier:
            self.see(reply)

    def see(self, reply: Reply) -> None:
        """Count an answer; raise PipelineError if it is the last of the probe, and all of them are equal."""
        if reply.status != "ok" or len(self._texts) == PROBE:
            return
        self._texts.append(reply.text.strip())
        if len(self._texts) == PROBE and len(set(self._texts)) == 1:
            text = self._texts[0]
            value = f"{text[:SHOWN]!r}" if text else "an empty text"
            raise PipelineError(f"the first {PROBE} answers of this model are the same", value=value, cure=CURE)
