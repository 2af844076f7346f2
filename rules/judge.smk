"""Requests to a judge about the answers of a run to a benchmark, and its replies."""

judge_jobs = jobs_of("judge.py", lambda wc: stages.judge(STUDY, wc.run, wc.benchmark))


rule judge:
    input:
        answers="<results>/answers/{run}/{benchmark}.manifest.json",
        questions=lambda wc: paths.raw_manifests(*datasets_of(benchmark_use(wc))),
        chosen=lambda wc: files_at(paths.choices("benchmarks", wc.benchmark), ".manifest.json"),
        recorded=lambda wc: paths.raw_manifests(benchmark_use(wc).replies),
        choices=lambda wc: ancient(files_at(paths.choices("benchmarks", wc.benchmark), ".json")),
        texts=ancient("<results>/answers/{run}/{benchmark}.jsonl"),
        files=lambda wc: ancient(paths.raw_folders(*datasets_of(benchmark_use(wc)), benchmark_use(wc).replies)),
    output:
        requests="<results>/judged/{run}/{benchmark}.requests.jsonl",
        replies="<results>/judged/{run}/{benchmark}.replies.jsonl",
        manifest="<results>/judged/{run}/{benchmark}.manifest.json",
    log:
        text="<results>/logs/judge/{run}-{benchmark}.log",
        record="<results>/records/judge/{run}-{benchmark}.json",
    benchmark:
        "<results>/timings/judge/{run}-{benchmark}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 2000),
        runtime=lambda wc, attempt: growing("runtime", 240 if asks_server(wc) else 30)(wc, attempt),
        means_of_judge=lambda wc: judge_jobs.settings(wc).means(),
    params:
        cfg=judge_jobs.cfg,
        code=judge_jobs.code,
        libs=judge_jobs.libs,
    shell:
        "python -P workflow_scripts/judge.py --answers {input.answers:q} --questions {input.questions:q}"
        " --chosen {input.chosen:q} --recorded {input.recorded:q}"
        " --means {resources.means_of_judge:q}"
        " --requests {output.requests:q} --replies {output.replies:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
