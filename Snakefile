"""vlmflow: from raw images to benchmark scores. The stages are in rules/; rules/common.smk reads the study."""

from snakemake.utils import min_version

min_version("9.19")


include: "rules/common.smk"


pathvars:
    results=RESULTS,


wildcard_constraints:
    dataset=NAME,
    shard="[0-9]{3}",
    table=NAME,
    subset=NAME,
    weights=NAME,
    training=NAME,
    model=NAME,
    run=NAME,
    benchmark=NAME,
    suffix="[a-z]+",


include: "rules/fetch.smk"
include: "rules/choose.smk"
include: "rules/convert.smk"
include: "rules/tabulate.smk"
include: "rules/sample.smk"
include: "rules/embed.smk"
include: "rules/report.smk"
include: "rules/weights.smk"
include: "rules/preview.smk"
include: "rules/inspect.smk"
include: "rules/train.smk"
include: "rules/merge.smk"
include: "rules/predict.smk"
include: "rules/judge.smk"
include: "rules/score.smk"
include: "rules/gather.smk"
include: "rules/submit.smk"
include: "rules/overlap.smk"
include: "rules/validate.smk"
include: "rules/study_report.smk"


rule all:
    default_target: True
    input:
        paths.scores(),
        paths.submissions(),
        paths.previews(),
        paths.overlaps(),


rule reports:
    input:
        paths.reports(),


onsuccess:
    print(success_text(RESULTS, SHOW, STUDY.benchmarks, marked_trainings(Path(RESULTS), STUDY.trainings), STUDY.smoke))


onerror:
    if workflow.is_main_process:
        print(failure_text(failed_jobs(workflow.scheduler), ["snakemake", *sys.argv[1:]]))
        print(earlier_scores(Paths(STUDY, RESULTS).scores(), SHOW))
