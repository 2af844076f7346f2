"""Ask a strong model for refined answers, until each has its sections; every reply is saved when it comes."""

from collections import Counter
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Sequence

from pipeline_lib.conversations.row_faults import row_fault
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.seeding import derive_seed
from pipeline_lib.core.text import canonical_json
from pipeline_lib.endpoints.budget import Tokens, tokens_in
from pipeline_lib.endpoints.client import Chat, Client, RequestFailedError
from pipeline_lib.endpoints.pictures import DataUrls
from pipeline_lib.endpoints.reasoning import without_reasoning
from pipeline_lib.endpoints.streaming import Outcome, results
from pipeline_lib.images.reader import ImageReader
from pipeline_lib.job.saved_rows import SavedRows
from pipeline_lib.refining.cases import Case
from pipeline_lib.refining.sections import sections_fault
from pipeline_lib.refining.settings import RefineSettings

AGAIN = "This reply cannot be used: {fault}. Write it again, with all of these sections, and nothing else: {sections}"
CUT = "the reply was cut off at {tokens} tokens"
SEEDS = 2**31  # servers take no larger seed
Message = dict[str, Any]


@dataclass(frozen=True)
class Saved:
    """A reply to the request of this digest; `served` is the model that the server says it was."""

    request: str
    text: str
    cut: bool
    served: str | None


@dataclass(frozen=True)
class Refined:
    """What came of a case: the refined answer, or the fault of the last reply; `served` are the models that replied."""

    case: int
    text: str
    fault: str | None
    tries: int
    served: tuple[str | None, ...] = ()


class Refiner:
    """A model behind a server, and the replies that it has given so far in the folder `state`."""

    def __init__(self, settings: RefineSettings, images: ImageReader, state: Path) -> None:
        self._settings, self._images = settings, images
        self._client = Client(settings, state)
        self._urls = DataUrls(lambda path: images.open(path, images.row(path).pin))
        self._rows = SavedRows(state / "replies.jsonl", lambda where, content: Saved(**content))
        self._replies: dict[str, Saved] = {}
        for reply in self._rows.earlier:
            self._replies.setdefault(reply.request, reply)

    def refine(self, cases: Sequence[Case]) -> list[Refined]:
        """Return what came of every case, in their order, whatever the order of the replies.

        PipelineError if the budget is used up or the server refuses all requests: what was replied is saved.
        """
        pending = {number: case for number, case in enumerate(cases) if not case.fault}
        made = [Refined(number, "", case.fault, 0) for number, case in enumerate(cases) if case.fault]
        tasks = (partial(self._ask, number, case) for number, case in pending.items())
        try:
            made += results(self._client, tasks, len(pending), bool(self._replies))
        finally:
            self._rows.close()
        return sorted(made, key=lambda refined: refined.case)

    async def _ask(self, number: int, case: Case) -> Outcome[Refined]:
        """Return the first usable reply about a case, or the fault of the last one."""
        messages: list[Message] = [{"role": "user", "content": self._settings.request(case.question, case.answer)}]
        text, fault = "", None
        served: list[str | None] = []
        for attempt in range(self._settings.tries):
            try:
                reply = await self._reply(case, messages, attempt)
            except RequestFailedError as error:
                return Outcome(Refined(number, "", f"the request failed: {error}", attempt, tuple(served)), str(error))
            text = without_reasoning(reply.text, self._settings.reasoning)
            served.append(reply.served)
            fault = self._fault(case, reply, text)
            if fault is None:
                break
            again = AGAIN.format(fault=fault, sections=", ".join(self._settings.sections))
            messages = [*messages, {"role": "assistant", "content": text}, {"role": "user", "content": again}]
        return Outcome(Refined(number, text, fault, len(served), tuple(served)))

    def _fault(self, case: Case, reply: Saved, text: str) -> str | None:
        """Return why a reply is no refined answer."""
        if reply.cut:
            return CUT.format(tokens=self._settings.max_tokens)
        fault = sections_fault(text, self._settings.sections)
        return fault or row_fault(case.row(self._settings, text), self._images) or None

    async def _reply(self, case: Case, messages: list[Message], attempt: int) -> Saved:
        """Return the reply to some messages, which are about the image of a case: the saved one, or a new one."""
        temperature = self._settings.temperature
        seed = derive_seed(self._settings.seed, "refine", f"{case.id}\x1f{attempt}") % SEEDS if temperature else None
        parameters = self._settings.decoding(self._settings.max_tokens, temperature=temperature, seed=seed)
        pin = None if case.image is None else self._images.row(case.image).pin
        sent = {"url": self._settings.url, "model": self._settings.model, "image": pin}
        request = digest_text(canonical_json({**sent, "messages": messages, "parameters": parameters}))
        if request in self._replies:
            return self._replies[request]
        image_tokens = self._client.access.image_tokens * (case.image is not None)
        most = Tokens(image_tokens + sum(tokens_in(each["content"]) for each in messages), self._settings.max_tokens)
        chat = Chat(self._settings.model, await self._with_image(case, messages), parameters, most)
        completion = await self._client.chat(chat)
        reply = Saved(request, completion.text, completion.cut, completion.model)
        self._rows.add(asdict(reply))
        return self._replies.setdefault(request, reply)  # the first one, if an equal case was asked at the same time

    async def _with_image(self, case: Case, messages: list[Message]) -> list[Message]:
        """Return messages with the image in the first one."""
        if case.image is None:
            return messages
        image = {"type": "image_url", "image_url": {"url": await self._urls.of(case.image)}}
        text = {"type": "text", "text": messages[0]["content"]}
        return [{"role": "user", "content": [image, text]}, *messages[1:]]

    def spent(self) -> str:
        """Return the tokens of all requests so far, and their price if one is set."""
        return self._client.ledger.text(self._client.ledger.spent)


def assembled(
    cases: Sequence[Case], refined: Sequence[Refined], settings: RefineSettings
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, int]]:
    """Return the conversations, the rejected cases with their reasons, and how many replies each model gave."""
    rows = [case.row(settings, each.text) for case, each in zip(cases, refined, strict=True) if each.fault is None]
    rejected = [
        {"id": case.id, "reason": each.fault, "tries": each.tries, "text": each.text}
        for case, each in zip(cases, refined, strict=True)
        if each.fault is not None
    ]
    served = Counter(model or "unknown" for each in refined for model in each.served)
    return rows, rejected, dict(sorted(served.items()))
