"""Verdicts and metrics of one run on a benchmark."""

score_jobs = jobs_of("score.py", lambda wc: stages.score(STUDY, wc.benchmark, wc.run))


rule score:
    input:
        answers="<results>/answers/{run}/{benchmark}.manifest.json",
        questions=lambda wc: paths.raw_manifests(*datasets_of(benchmark_use(wc))),
        chosen=lambda wc: files_at(paths.choices("benchmarks", wc.benchmark), ".manifest.json"),
        choices=lambda wc: ancient(files_at(paths.choices("benchmarks", wc.benchmark), ".json")),
        judged=lambda wc: files_at(paths.judged(wc.run, wc.benchmark), ".manifest.json"),
        replies=lambda wc: ancient(files_at(paths.judged(wc.run, wc.benchmark), ".replies.jsonl")),
        texts=ancient("<results>/answers/{run}/{benchmark}.jsonl"),
        files=lambda wc: ancient(paths.raw_folders(*datasets_of(benchmark_use(wc)))),
    output:
        verdicts="<results>/verdicts/{run}/{benchmark}.parquet",
        score="<results>/scores/{run}/{benchmark}.json",
    log:
        text="<results>/logs/score/{run}-{benchmark}.log",
        record="<results>/records/score/{run}-{benchmark}.json",
    benchmark:
        "<results>/timings/score/{run}-{benchmark}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 2000),
        runtime=30,
    params:
        cfg=score_jobs.cfg,
        code=score_jobs.code,
        libs=score_jobs.libs,
    shell:
        "python -P workflow_scripts/score.py --answers {input.answers:q} --questions {input.questions:q}"
        " --chosen {input.chosen:q} --judged {input.judged:q}"
        " --verdicts {output.verdicts:q} --score {output.score:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
