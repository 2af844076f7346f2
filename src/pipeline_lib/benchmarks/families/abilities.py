"""Questions of many data sets in five abilities: the score is the sum of their accuracies.

An answer is right if it contains a gold answer. Abilities, scorer and requests are those of
OpenGVLab/Multi-Modality-Arena bd2999a, as InternVL uses them.
"""

from pipeline_lib.benchmarks.families.comparers import contained
from pipeline_lib.benchmarks.families.counting import Accuracy, PartSum
from pipeline_lib.benchmarks.families.protocols import SHORT_BEHIND
from pipeline_lib.benchmarks.families.short_answers import AnswerScorer, ShortWording

PRIMARY = "sum"
SHOWN = (PRIMARY, "accuracy")
ABILITIES = (
    "Visual_Reasoning",
    "Visual_Perception",
    "Visual_Knowledge_Acquisition",
    "Visual_Commonsense",
    "Object_Hallucination",
)
PROTOCOLS = {"internvl12": ShortWording(30, SHORT_BEHIND)}
SCORER = AnswerScorer((PartSum(PRIMARY, ABILITIES), Accuracy(by_part=True)), readers={"internvl12": contained})
