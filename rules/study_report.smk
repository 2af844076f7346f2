"""The report of the study: one page with scores, comparisons, answers, trainings and data."""

report_jobs = jobs_of("report.py", lambda wc: report_stages.report(STUDY, STUDY_NAME))


rule report:
    input:
        scores=paths.scores(),
        verdicts=paths.of_runs("verdicts", ".parquet"),
        answers=paths.of_runs("answers", ".manifest.json"),
        texts=ancient(paths.of_runs("answers", ".jsonl")),
        curves=paths.curves(),
        health=paths.health(),
        rejected=paths.rejected(),
    output:
        page="<results>/report.html",
    log:
        text="<results>/logs/report/all.log",
        record="<results>/records/report/all.json",
    benchmark:
        "<results>/timings/report/all.jsonl"
    resources:
        mem_mb=growing("mem_mb", 2000),
        runtime=30,
    params:
        cfg=report_jobs.cfg,
        code=report_jobs.code,
        libs=report_jobs.libs,
    shell:
        "python -P workflow_scripts/report.py --scores {input.scores:q} --verdicts {input.verdicts:q}"
        " --answers {input.answers:q} --curves {input.curves:q} --health {input.health:q}"
        " --rejected {input.rejected:q} --page {output.page:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
