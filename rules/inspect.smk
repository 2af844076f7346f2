"""Checks of benchmark questions before any model is trained or evaluated; rules/preview.smk checks training rows."""

inspect_questions_jobs = jobs_of("inspect_questions.py", lambda wc: stages.inspect_questions(STUDY, wc.benchmark))
inspect_benchmarks_jobs = jobs_of("inspect_benchmarks.py", lambda wc: stages.inspect_benchmarks())


rule inspect_questions:
    input:
        questions=lambda wc: paths.raw_manifests(*datasets_of(benchmark_use(wc))),
        indexes=lambda wc: paths.index_manifests(benchmark_use(wc).images),
        chosen=lambda wc: files_at(paths.choices("benchmarks", wc.benchmark), ".manifest.json"),
        choices=lambda wc: ancient(files_at(paths.choices("benchmarks", wc.benchmark), ".json")),
        files=lambda wc: ancient(paths.raw_folders(*datasets_of(benchmark_use(wc)))),
        images=lambda wc: ancient(paths.image_indexes(benchmark_use(wc).images)),
    output:
        counts="<results>/questions/{benchmark}.json",
        verdict="<results>/questions/{benchmark}.verdict.json",
    log:
        text="<results>/logs/inspect_questions/{benchmark}.log",
        record="<results>/records/inspect_questions/{benchmark}.json",
    benchmark:
        "<results>/timings/inspect_questions/{benchmark}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 4000),
        runtime=30,
    params:
        cfg=inspect_questions_jobs.cfg,
        code=inspect_questions_jobs.code,
        libs=inspect_questions_jobs.libs,
    shell:
        "python -P workflow_scripts/inspect_questions.py --questions {input.questions:q} --indexes {input.indexes:q}"
        " --chosen {input.chosen:q}"
        " --counts {output.counts:q} --verdict {output.verdict:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"


rule inspect_benchmarks:
    input:
        verdicts=expand("<results>/questions/{benchmark}.verdict.json", benchmark=sorted(STUDY.benchmarks)),
    output:
        verdict="<results>/questions.verdict.json",
    log:
        text="<results>/logs/inspect_benchmarks/all.log",
        record="<results>/records/inspect_benchmarks/all.json",
    benchmark:
        "<results>/timings/inspect_benchmarks/all.jsonl"
    localrule: True  # takes a second on a few small files, also on a login node
    resources:
        mem_mb=growing("mem_mb", 1000),
        runtime=10,
    params:
        cfg=inspect_benchmarks_jobs.cfg,
        code=inspect_benchmarks_jobs.code,
        libs=inspect_benchmarks_jobs.libs,
    shell:
        "python -P workflow_scripts/inspect_benchmarks.py --verdicts {input.verdicts:q} --verdict {output.verdict:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
