"""Answers of a run to a benchmark."""

predict_jobs = jobs_of("predict.py", lambda wc: stages.predict(STUDY, wc.run, wc.benchmark))


rule predict:
    input:
        model=lambda wc: paths.model_manifests(model_of(wc)),
        questions=lambda wc: paths.raw_manifests(benchmark_use(wc).dataset),
        indexes=lambda wc: paths.index_manifests(benchmark_use(wc).images),
        chosen=lambda wc: files_at(paths.choices("benchmarks", wc.benchmark), ".manifest.json"),
        choices=lambda wc: ancient(files_at(paths.choices("benchmarks", wc.benchmark), ".json")),
        clearance=ancient("<results>/questions/{benchmark}.verdict.json"),  # a changed gold answer reruns no prediction
        weights=lambda wc: ancient(paths.model_folders(model_of(wc))),
        files=lambda wc: ancient(paths.raw_folders(benchmark_use(wc).dataset)),
        images=lambda wc: ancient(
            paths.image_indexes(benchmark_use(wc).images) + paths.image_files(benchmark_use(wc).images)
        ),
    output:
        answers="<results>/answers/{run}/{benchmark}.jsonl",
        manifest="<results>/answers/{run}/{benchmark}.manifest.json",
    log:
        text="<results>/logs/predict/{run}-{benchmark}.log",
        record="<results>/records/predict/{run}-{benchmark}.json",
    benchmark:
        "<results>/timings/predict/{run}-{benchmark}.jsonl"
    threads: lambda wc: predict_jobs.settings(wc).threads * processes_of(wc)
    resources:
        gpu=lambda wc: gpus(predict_jobs.settings(wc)),
        gpu_model=lambda wc: gpu_model(predict_jobs.settings(wc)),
        mem_mb=lambda wc, attempt: growing("mem_mb", MODEL_MB * processes_of(wc))(wc, attempt),
        runtime=growing("runtime", 240),
        means=lambda wc: predict_jobs.settings(wc).means(),
    params:
        cfg=predict_jobs.cfg,
        code=predict_jobs.code,
        libs=predict_jobs.libs,
    shell:
        "python -P workflow_scripts/predict.py --model {input.model:q} --questions {input.questions:q} --indexes {input.indexes:q}"
        " --chosen {input.chosen:q} --clearance {input.clearance:q}"
        " --answers {output.answers:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --means {resources.means:q} --record {log.record:q} --log {log.text:q}"
