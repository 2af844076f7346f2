"""Answers in the file format of a benchmark's evaluation server."""

submit_jobs = jobs_of("submit.py", lambda wc: stages.submit(STUDY, wc.benchmark, wc.run))


rule submit:
    input:
        answers="<results>/answers/{run}/{benchmark}.manifest.json",
        questions=lambda wc: paths.raw_manifests(benchmark_use(wc).dataset),
        chosen=lambda wc: files_at(paths.choices("benchmarks", wc.benchmark), ".manifest.json"),
        choices=lambda wc: ancient(files_at(paths.choices("benchmarks", wc.benchmark), ".json")),
        texts=ancient("<results>/answers/{run}/{benchmark}.jsonl"),
        files=lambda wc: ancient(paths.raw_folders(benchmark_use(wc).dataset)),
    output:
        submission="<results>/submissions/{run}/{benchmark}.{suffix}",
        cut="<results>/submissions/{run}/{benchmark}.{suffix}.cut.jsonl",  # empty, as `whole`, if nothing is cut
        whole="<results>/submissions/{run}/{benchmark}.{suffix}.whole.tsv",
        manifest="<results>/submissions/{run}/{benchmark}.{suffix}.manifest.json",
    log:
        text="<results>/logs/submit/{run}-{benchmark}-{suffix}.log",
        record="<results>/records/submit/{run}-{benchmark}-{suffix}.json",
    benchmark:
        "<results>/timings/submit/{run}-{benchmark}-{suffix}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 2000),
        runtime=30,
    params:
        cfg=submit_jobs.cfg,
        code=submit_jobs.code,
        libs=submit_jobs.libs,
    shell:
        "python -P workflow_scripts/submit.py --answers {input.answers:q} --questions {input.questions:q}"
        " --chosen {input.chosen:q}"
        " --submission {output.submission:q} --cut {output.cut:q} --whole {output.whole:q}"
        " --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
