"""Overlap of benchmarks with the rows of trainings: fingerprints of images, comparisons, scores without it."""

fingerprint_jobs = jobs_of("fingerprint.py", lambda wc: overlap_stages.fingerprint())
overlap_jobs = jobs_of("overlap.py", lambda wc: overlap_stages.overlap(STUDY, wc.benchmark, paths.seen_subsets()))
clean_score_jobs = jobs_of("clean_score.py", lambda wc: overlap_stages.clean_score(STUDY, wc.benchmark))

shared_images_jobs = jobs_of("shared_images.py", lambda wc: overlap_stages.shared_images(STUDY, wc.benchmark))


rule fingerprint:
    input:
        shard="data/images/{dataset}/{shard}.manifest.json",
        index=ancient("data/images/{dataset}/{shard}.index.parquet"),
        archive=ancient("data/images/{dataset}/{shard}.tar"),
        raw=ancient("data/raw/{dataset}/{shard}"),
    output:
        prints="data/images/{dataset}/{shard}.fingerprints.parquet",
        manifest="data/images/{dataset}/{shard}.fingerprints.manifest.json",
    log:
        text="data/logs/fingerprint/{dataset}-{shard}.log",
        record="data/records/fingerprint/{dataset}-{shard}.json",
    benchmark:
        "data/timings/fingerprint/{dataset}-{shard}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 2000),
        runtime=growing("runtime", 120),
    params:
        cfg=fingerprint_jobs.cfg,
        code=fingerprint_jobs.code,
        libs=fingerprint_jobs.libs,
    shell:
        "python -P workflow_scripts/fingerprint.py --shard {input.shard:q}"
        " --prints {output.prints:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"


rule overlap:
    input:
        questions=lambda wc: paths.raw_manifests(*datasets_of(benchmark_use(wc))),
        indexes=lambda wc: paths.index_manifests(benchmark_use(wc).images),
        chosen=lambda wc: files_at(paths.choices("benchmarks", wc.benchmark), ".manifest.json"),
        prints=lambda wc: paths.fingerprints(wc.benchmark),
        subsets=paths.subset_manifests(*paths.seen_subsets()),
        rows=ancient(paths.subset_rows(*paths.seen_subsets())),
        tables=ancient(paths.table_rows(STUDY.subsets[name].table for name in paths.seen_subsets())),
        choices=lambda wc: ancient(files_at(paths.choices("benchmarks", wc.benchmark), ".json")),
        files=lambda wc: ancient(paths.raw_folders(*datasets_of(benchmark_use(wc)))),
        images=lambda wc: ancient(paths.image_indexes(benchmark_use(wc).images)),
    output:
        rows="<results>/overlap/{benchmark}.parquet",
        table="<results>/overlap/{benchmark}.json",
        manifest="<results>/overlap/{benchmark}.manifest.json",
    log:
        text="<results>/logs/overlap/{benchmark}.log",
        record="<results>/records/overlap/{benchmark}.json",
    benchmark:
        "<results>/timings/overlap/{benchmark}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 8000),
        runtime=growing("runtime", 60),
    params:
        cfg=overlap_jobs.cfg,
        code=overlap_jobs.code,
        libs=overlap_jobs.libs,
    shell:
        "python -P workflow_scripts/overlap.py --questions {input.questions:q} --indexes {input.indexes:q}"
        " --chosen {input.chosen:q} --prints {input.prints:q} --subsets {input.subsets:q} --tables {input.tables:q}"
        " --rows {output.rows:q} --table {output.table:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"


rule clean_score:
    input:
        overlap="<results>/overlap/{benchmark}.manifest.json",
        answers=expand("<results>/answers/{run}/{{benchmark}}.manifest.json", run=sorted(STUDY.runs)),
        questions=lambda wc: paths.raw_manifests(*datasets_of(benchmark_use(wc))),
        chosen=lambda wc: files_at(paths.choices("benchmarks", wc.benchmark), ".manifest.json"),
        judged=lambda wc: files_at(judged_runs(wc), ".manifest.json"),
        rows=ancient("<results>/overlap/{benchmark}.parquet"),
        table=ancient("<results>/overlap/{benchmark}.json"),
        texts=ancient(expand("<results>/answers/{run}/{{benchmark}}.jsonl", run=sorted(STUDY.runs))),
        choices=lambda wc: ancient(files_at(paths.choices("benchmarks", wc.benchmark), ".json")),
        replies=lambda wc: ancient(files_at(judged_runs(wc), ".replies.jsonl")),
        files=lambda wc: ancient(paths.raw_folders(*datasets_of(benchmark_use(wc)))),
    output:
        score="<results>/{benchmark}_overlap.json",
    log:
        text="<results>/logs/clean_score/{benchmark}.log",
        record="<results>/records/clean_score/{benchmark}.json",
    benchmark:
        "<results>/timings/clean_score/{benchmark}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 2000),
        runtime=30,
    params:
        cfg=clean_score_jobs.cfg,
        code=clean_score_jobs.code,
        libs=clean_score_jobs.libs,
    shell:
        "python -P workflow_scripts/clean_score.py --overlap {input.overlap:q} --answers {input.answers:q}"
        " --questions {input.questions:q} --chosen {input.chosen:q} --judged {input.judged:q}"
        " --score {output.score:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"


rule shared_images:
    input:
        questions=lambda wc: paths.raw_manifests(*datasets_of(benchmark_use(wc))),
        indexes=lambda wc: paths.index_manifests(benchmark_use(wc).images),
        chosen=lambda wc: files_at(paths.choices("benchmarks", wc.benchmark), ".manifest.json"),
        table=lambda wc: paths.prints_of(table(wc).images),
        prints=lambda wc: paths.prints_of(benchmark_use(wc).images),
        choices=lambda wc: ancient(files_at(paths.choices("benchmarks", wc.benchmark), ".json")),
        files=lambda wc: ancient(paths.raw_folders(*datasets_of(benchmark_use(wc)))),
        images=lambda wc: ancient(paths.image_indexes(benchmark_use(wc).images)),
    output:
        shared="<results>/shared/{table}/{benchmark}.jsonl",
        manifest="<results>/shared/{table}/{benchmark}.manifest.json",
    log:
        text="<results>/logs/shared_images/{table}-{benchmark}.log",
        record="<results>/records/shared_images/{table}-{benchmark}.json",
    benchmark:
        "<results>/timings/shared_images/{table}-{benchmark}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 4000),
        runtime=growing("runtime", 60),
    params:
        cfg=shared_images_jobs.cfg,
        code=shared_images_jobs.code,
        libs=shared_images_jobs.libs,
    shell:
        "python -P workflow_scripts/shared_images.py --questions {input.questions:q} --indexes {input.indexes:q}"
        " --chosen {input.chosen:q} --table {input.table:q} --prints {input.prints:q}"
        " --shared {output.shared:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
