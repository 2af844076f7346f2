"""Letters from free text: where the rules of LLaVA, InternVL, lmms-eval and VLMEvalKit differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lib.benchmarks.families.letters import internvl, internvl_short, llava_sqa, lmms_eval, vlmevalkit

ANIMALS = {"A": "cat", "B": "dog", "C": "bird"}  # the gold is B

# Answer; whether it is right by LLaVA, InternVL, lmms-eval.
DIVERGENCES = [
    ("B.", False, True, True),
    ("b", False, False, True),
    ("(B)", False, True, False),
    ("B) dog", False, True, False),
    ("dog", False, True, False),
    ("The answer is B.", True, False, False),
    ("The answer is B", False, False, False),
    ("The answer is B. The answer is B.", False, False, False),
    ("The answer is B. No, the answer is C.", True, False, False),
    ("The answer is A dog", False, True, False),
]


@pytest.mark.parametrize(("answer", "llava", "intern", "lmms"), DIVERGENCES)
def test_the_rules_diverge_as_the_originals_do(answer: str, llava: bool, intern: bool, lmms: bool) -> None:
    said = [parser(answer, ANIMALS)[0] for parser in (llava_sqa, internvl, lmms_eval)]
    assert [letter == "B" for letter in said] == [llava, intern, lmms]


@pytest.mark.parametrize(
    ("answer", "letter", "rule"),
    [
        ("B", "B", "letter"),
        ("B. dog", "B", "start"),
        ("B. ", "B", "start"),
        ("The answer is B!", "B", "phrase"),
        ("The answer is A dog", "A", "phrase"),
        ("E", "E", "beyond"),
        ("D. eel", "D", "beyond"),
        ("The answer is K.", "K", "beyond"),
        ("K", None, "none"),
        (" B", None, "none"),
        ("B\n", None, "none"),
        ("AB", None, "none"),
        ("The answer is B\n", None, "none"),
        ("B is the run-on sentence.", None, "none"),
        ("", None, "none"),
    ],
)
def test_llava_takes_a_letter_a_start_or_one_phrase(answer: str, letter: str | None, rule: str) -> None:
    assert llava_sqa(answer, ANIMALS) == (letter, rule)


@pytest.mark.parametrize(
    ("answer", "letter", "rule"),
    [
        (" B\n", "B", "letter"),
        ("E", "E", "beyond"),
        ("b", None, "none"),
        ("8", None, "none"),
        ("Apple", "A", "start"),
        ("a bird and a dog", "B", "text"),
        ("E. eel", "E", "beyond"),
        ("x. y", None, "none"),
        ("(B", None, "none"),
        ("(C)", "C", "brackets"),
        ("", None, "none"),
    ],
)
def test_internvl_takes_a_first_character_or_an_options_text(answer: str, letter: str | None, rule: str) -> None:
    assert internvl(answer, ANIMALS) == (letter, rule)


def test_internvl_hands_in_brackets_to_mmbench_as_they_are() -> None:
    assert internvl_short("(B)", ANIMALS) == (None, "none")


@pytest.mark.parametrize(
    ("answer", "letter", "rule"),
    [
        ("B", "B", "letter"),
        ("e", "E", "beyond"),
        ("B.dog", "B", "start"),
        ("b. dog", None, "none"),
        ("ß", None, "none"),
        ("", None, "none"),
    ],
)
def test_lmms_eval_takes_a_letter_or_a_capital_with_a_stop(answer: str, letter: str | None, rule: str) -> None:
    assert lmms_eval(answer, ANIMALS) == (letter, rule)


@pytest.mark.parametrize(
    ("answer", "letter", "rule"),
    [
        ("B", "B", "word"),
        ("(B).", "B", "word"),
        ("Answer: B", "B", "word"),
        ("it is B in the end", "B", "word"),
        ("B it is in the end", None, "none"),
        ("A or B", None, "none"),
        ("A or B? The answer is **b**", "B", "phrase"),
        ("Of A and B the answer is D", None, "none"),
        ("A Dog", "A", "word"),
        ("the Dog", "B", "text"),
        ("dog, cat", None, "none"),
        ("surely the dog over there", None, "none"),
        ("Cannot determine the answer: dog", None, "refusal"),
        ("Z", None, "refusal"),
        ("b", None, "none"),
        ("", None, "none"),
    ],
)
def test_vlmevalkit_takes_a_late_word_a_phrase_or_one_options_text(answer: str, letter: str | None, rule: str) -> None:
    assert vlmevalkit(answer, ANIMALS) == (letter, rule)


@given(st.text(), st.dictionaries(st.sampled_from("ABCDE"), st.text(min_size=1), min_size=1))
def test_whatever_is_said_a_letter_comes_with_its_rule(answer: str, options: dict[str, str]) -> None:
    for parser in (llava_sqa, internvl, internvl_short, lmms_eval, vlmevalkit):
        letter, rule = parser(answer, options)
        assert (letter is None) == (rule in ("none", "refusal"))
        assert letter is None or (letter in options) == (rule != "beyond")
