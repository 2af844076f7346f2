"""What a sample in the logs of lmms-eval holds: the reply, and the text that stands for a failed request.

Source: EvolvingLMMs-Lab/lmms-eval v0.7, `lmms_eval/loggers/evaluation_tracker.py` and `models/chat/openai.py`.
"""

import re
from typing import Any

FAILED = re.compile(r"\[LMMS_EVAL_(REQUEST_FAILED|BUDGET_EXCEEDED)")


def reply_of(sample: dict[str, Any]) -> Any:
    """Return what the model said, out of the lists that hold it alone; no text for a sample of another form."""
    return only(sample.get("resps", sample.get("filtered_resps")))


def only(value: Any) -> Any:
    """Return the element of a list of one, however deep; any other value as it is."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value
