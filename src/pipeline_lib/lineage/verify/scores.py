"""Whether scores stay the same where the outputs of a second execution differ: the jobs below it run again too."""

from pipeline_lib.job.made_record import MadeRecord
from pipeline_lib.lineage.ancestors import ancestors
from pipeline_lib.lineage.records import Records
from pipeline_lib.lineage.verify.outputs import metrics_agree
from pipeline_lib.lineage.verify.rerun import rerun
from pipeline_lib.lineage.verify.workplace import Workplace, digest_in, link_inputs

CHEAP = "predict"  # below it there is only scoring
FOLLOWED = ("train", "merge", "predict", "score")


def same_scores(records: Records, record: MadeRecord, place: Workplace, tolerance: float) -> bool:
    """Return whether every score that stands on a job has its metrics again, made from the outputs in the workplace.

    False if no score stands on it, if a judge replied to the answers, or if a job below it cannot run.
    """
    below = jobs_below(records, record)
    scores = [each for each in below if each.stage == "score"]
    if not scores or any(each.roles.get("judged") for each in scores):
        return False
    for each in below:
        link_inputs(place.folder, records, each)
        code = digest_in(place.folder, each)
        if not code or not each.artefact or rerun(Workplace(place.folder, code, place.origin), each).record is None:
            return False
    return all(metrics_agree(each, place.folder, tolerance) for each in scores)


def jobs_below(records: Records, record: MadeRecord) -> list[MadeRecord]:
    """Return the trainings, merges, predictions and scores that stand on a job, each after those that it reads."""
    names = [name for _, each in records.all() if each.stage == "score" and each.succeeded for name in each.outputs]
    reached = set(record.outputs)
    below = []
    for each in ancestors(records, names):
        if each.stage in FOLLOWED and not reached.isdisjoint(each.inputs):
            below.append(each)
            reached |= each.outputs.keys()
    return below
