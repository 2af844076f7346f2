"""How projects word the rows of MMBench's table, in English and in Chinese.

haotian-liu/LLaVA c121f04 `llava/eval/model_vqa_mmbench.py`; OpenGVLab/InternVL 2410d1d
`internvl_chat/eval/mmbench/evaluate_mmbench.py`; EvolvingLMMs-Lab/lmms-eval 75571cf `lmms_eval/tasks/mmbench`, whose
Chinese tasks keep the English line before the options; open-compass/VLMEvalKit e8e78f0 `vlmeval/dataset/image_mcq.py`,
which translates nothing.
"""

from dataclasses import dataclass
from typing import Mapping

from pipeline_lib.benchmarks.families.protocols import LETTER_BELOW, SELECT, Wording
from pipeline_lib.core.tsv import Row

LETTER_IN_CHINESE = "请直接回答选项字母。"
LETTER_IN_CHINESE_LMMS_EVAL = "\n请直接使用所提供的选项字母作为答案回答。"
SEVERAL = "{} There are several options:"


@dataclass(frozen=True)
class TableWording(Wording):
    """How a project asks a row: the letters of the options in the prompt, and the texts that mean an absent one.

    Such a text, in any case, is an absent hint too. With `stops`, the options after an absent one are left out. With
    `one_line`, the hint and the question are on one line.
    """

    letters: str = "ABCDE"
    absent: tuple[str, ...] = ("",)
    stops: bool = False
    one_line: bool = False

    def is_absent(self, text: str) -> bool:
        """Return whether the text of a hint or an option means that there is none."""
        return text.lower() in self.absent

    def options(self, row: Row) -> dict[str, str]:
        """Return the options in the prompt by letter."""
        options: dict[str, str] = {}
        for letter in self.letters:
            absent = self.is_absent(row.get(letter, ""))
            if absent and self.stops:
                break
            if not absent:
                options[letter] = row[letter]
        return options

    def prompt(self, question: str, options: Mapping[str, str], hint: str = "") -> str:
        """Return the prompt of a row, with its options by letter."""
        if hint and self.one_line:
            question, hint = f"{hint} {question}", ""
        return super().prompt(question, options, hint)


INTERNVL_IN_CHINESE = TableWording(100, request=LETTER_IN_CHINESE)
LMMS_EVAL_IN_CHINESE = TableWording(
    256, question=SEVERAL, request=LETTER_IN_CHINESE_LMMS_EVAL, absent=("", "nan"), one_line=True
)
VLMEVALKIT = TableWording(2048, hint="Hint: {}", question="Question: {}", heading="Options:", request=SELECT)
ENGLISH: Mapping[str, TableWording] = {
    "llava15": TableWording(1024, letters="ABCD", absent=("", "nan", "none"), stops=True),
    "internvl12": TableWording(100),
    "lmms_eval": TableWording(1024, question=SEVERAL, request=LETTER_BELOW, absent=("", "nan"), one_line=True),
    "vlmevalkit": VLMEVALKIT,
}
CHINESE: Mapping[str, TableWording] = {
    "llava15": TableWording(1024, request=LETTER_IN_CHINESE, letters="ABCD", absent=("", "nan", "none"), stops=True),
    "internvl12": INTERNVL_IN_CHINESE,
    "lmms_eval": LMMS_EVAL_IN_CHINESE,
    "vlmevalkit": VLMEVALKIT,
}
CCBENCH: Mapping[str, TableWording] = {
    "internvl12": INTERNVL_IN_CHINESE,
    "lmms_eval": LMMS_EVAL_IN_CHINESE,
    "vlmevalkit": VLMEVALKIT,
}
