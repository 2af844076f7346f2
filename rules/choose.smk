"""Choices of a rehearsal with `limit`: rows of a table, questions of a benchmark. Other studies lack these stages."""

choose_rows_jobs = jobs_of("choose_rows.py", lambda wc: stages.choose_rows(STUDY, wc.table))
choose_questions_jobs = jobs_of("choose_questions.py", lambda wc: stages.choose_questions(STUDY, wc.benchmark))


rule choose_rows:
    input:
        raw=lambda wc: paths.raw_manifests(table(wc).dataset),
        files=lambda wc: ancient(paths.raw_folders(table(wc).dataset)),
    output:
        chosen="<results>/chosen/tables/{table}.json",
        manifest="<results>/chosen/tables/{table}.manifest.json",
    log:
        text="<results>/logs/choose_rows/{table}.log",
        record="<results>/records/choose_rows/{table}.json",
    benchmark:
        "<results>/timings/choose_rows/{table}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 8000),
        runtime=30,
    params:
        cfg=choose_rows_jobs.cfg,
        code=choose_rows_jobs.code,
        libs=choose_rows_jobs.libs,
    shell:
        "python -P workflow_scripts/choose_rows.py --raw {input.raw:q}"
        " --chosen {output.chosen:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"


rule choose_questions:
    input:
        questions=lambda wc: paths.raw_manifests(benchmark_use(wc).dataset),
        files=lambda wc: ancient(paths.raw_folders(benchmark_use(wc).dataset)),
    output:
        chosen="<results>/chosen/benchmarks/{benchmark}.json",
        manifest="<results>/chosen/benchmarks/{benchmark}.manifest.json",
    log:
        text="<results>/logs/choose_questions/{benchmark}.log",
        record="<results>/records/choose_questions/{benchmark}.json",
    benchmark:
        "<results>/timings/choose_questions/{benchmark}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 4000),
        runtime=30,
    params:
        cfg=choose_questions_jobs.cfg,
        code=choose_questions_jobs.code,
        libs=choose_questions_jobs.libs,
    shell:
        "python -P workflow_scripts/choose_questions.py --questions {input.questions:q}"
        " --chosen {output.chosen:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
