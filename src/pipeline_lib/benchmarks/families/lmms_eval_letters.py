"""Letters in answers to MMBench by the rules of lmms-eval: before it asks its language model, and in place of it."""

from typing import Iterator

from pipeline_lib.benchmarks.families.letters import FIVE, NO_ANSWER, NO_LETTER, Extraction, Options

FOUR = tuple("ABCD")  # the letters of the options whose texts it looks for
MOST_WORDS = 3  # in a longer answer, "A" may be an article
MARKED = ("{}.", "{},", "{}:", "{})", "{}).", "({})", "({}).", ":{}", ":{},", ":{}.", ":{})", ":{}).")
ENDS = (",", ".", "!", "?", ";", ":", "'", '"')

WITHIN = {"{} ": 2, "{})": 3, "{}:": 4, "{}.": 5, "({})": 6}  # how much an occurrence anywhere counts, by its form
PHRASE, END, START = 7, 9, 10
PHRASES = (
    *("the answer is", "answer is", "the correct answer is", "correct answer is", "the best answer is"),
    *("best answer is", "the correct option is", "correct option is", "the best option is", "best option is"),
    *("the choice is", "choice is", "the correct choice is", "correct choice is", "i choose", "i select", "i pick"),
    *("my answer is", "my choice is", "옵션", "정답은", "답은", "답:", "答案是", "答案为", "选", "答えは"),
)


def lmms_eval_mmbench(answer: str, options: Options) -> Extraction:
    """Return the letter that lmms-eval reads before it asks its language model.

    `word`: exactly one letter of A to E is a word, but not in more than three words with "A". `marked`: exactly one is
    a word with marks, such as "(B)", by the first form of MARKED. `text`: the answer contains the text of exactly one
    of the options A to D, in either case. Source: EvolvingLMMs-Lab/lmms-eval 75571cf
    `lmms_eval/tasks/mmbench/mmbench_evals.py`, `can_infer`.
    """
    text = answer.strip()
    words = [] if NO_ANSWER in text else text.split()
    letters = [letter for letter in FIVE if letter in words]
    if len(letters) == 1 and not ("A" in words and len(words) > MOST_WORDS):
        return _known(letters[0], "word", options)
    for form in MARKED:
        marked = [letter for letter in FIVE if form.format(letter) in words]
        if len(marked) == 1:
            return _known(marked[0], "marked", options)
    lowered = text.lower()
    contained = [letter for letter in FOUR if letter in options and options[letter].lower() in lowered]
    return (contained[0], "text") if len(contained) == 1 else NO_LETTER


def lmms_eval_static(answer: str, options: Options) -> Extraction:
    """Return the letter that lmms-eval reads without its language model: that of `lmms_eval_mmbench`, or the likeliest.

    The likeliest of the options A to D is first, last, behind a phrase such as "answer is", in brackets, before a mark,
    or before a space; of two alike the later one, and without any the last one anywhere (`likeliest`, `anywhere`).
    Source: EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/tasks/_task_utils/mcq_extract.py`, as its task
    `mmbench_en_dev_static` uses it.
    """
    extraction = lmms_eval_mmbench(answer, options)
    text = answer.strip()
    if extraction != NO_LETTER or not text:
        return extraction
    for mark in ENDS:
        text = text.strip(mark)
    padded, letters = f" {text} ", [letter for letter in FOUR if letter in options]
    occurrences = [each for letter in letters for each in _occurrences(letter, padded)]
    if occurrences:
        return max(occurrences)[-1], "likeliest"
    last = max(padded.rfind(letter) for letter in letters)
    return (padded[last], "anywhere") if last >= 0 else NO_LETTER


def _occurrences(letter: str, padded: str) -> Iterator[tuple[int, int, str]]:
    """Yield how much each occurrence of a letter counts, where it is, and the letter."""
    for form, rank in WITHIN.items():
        position = padded.rfind(form.format(letter))
        if position >= 0:
            yield rank, position, letter
    lowered, text = padded.lower(), padded.strip()
    for phrase in PHRASES:
        start = lowered.find(phrase)
        position = padded.find(letter, start + len(phrase)) if start >= 0 else -1
        if position >= 0:
            yield PHRASE, position, letter
    if text.startswith(letter) and not text[1:2].isalpha():
        yield START, 0, letter
    if text.endswith(letter) and not text[-2:-1].isalpha():
        yield END, len(padded) - 1, letter


def _known(letter: str, rule: str, options: Options) -> Extraction:
    """Return a letter with its rule; one that is no option is wrong, by the rule `beyond`."""
    return letter, rule if letter in options else "beyond"
