"""What RefCOCO, RefCOCO+ and RefCOCOg share: rows of Qwen-VL and InternVL, how boxes are asked for, how they count."""

from pipeline_lib.benchmarks.families.boxes import AtLeast, BoxScorer, Share, internvl_box, lmms_eval_box
from pipeline_lib.benchmarks.families.counting import Accuracy
from pipeline_lib.benchmarks.families.data import Dataset
from pipeline_lib.benchmarks.families.question_rows import Form
from pipeline_lib.benchmarks.families.short_answers import ShortWording

REGION = "Please provide the bounding box coordinate of the region this sentence describes: "
FORMAT = (
    "Bounding box coordinates are specified in the format (top-left x, top-left y, bottom-right x, bottom-right y). "
    "All values are floating point numbers bounded between 0 and 1. "
)
BOX_PROTOCOLS = {
    "internvl12": ShortWording(100, before=REGION + "<ref>", request="</ref>"),
    "lmms_eval": ShortWording(1024, before=FORMAT + REGION, request=""),
}
BOX_SCORER = BoxScorer(
    (
        Share("accuracy", AtLeast(0.5)),
        Share("accuracy_0.1", AtLeast(0.1)),
        Share("accuracy_0.3", AtLeast(0.3)),
        Share("accuracy_0.7", AtLeast(0.7)),
        Share("accuracy_0.9", AtLeast(0.9)),
        Accuracy("overlap"),
    ),
    readers={"internvl12": internvl_box, "lmms_eval": lmms_eval_box},
)
REFERRING = Form(None, "sent", "image", only_name=True)
COCO_TRAIN2014 = Dataset(
    source={
        "kind": "archive",
        "url": "http://images.cocodataset.org/zips/train2014.zip",
        "sha256": None,
        "below": "train2014",
    },
    licence="Flickr Terms of Use",
    shards=4,
    convert="keep",
)
