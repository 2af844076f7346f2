"""Requests for a short answer, as projects append them to a question."""

SHORT = "Answer the question using a single word or phrase."
UNANSWERABLE = "When the provided information is insufficient, respond with 'Unanswerable'."
SHORT_BELOW = "\n" + SHORT
SHORT_BEHIND = " " + SHORT
UNANSWERABLE_BELOW = "\n" + UNANSWERABLE + "\n" + SHORT
UNANSWERABLE_BEHIND = " " + UNANSWERABLE + " " + SHORT
