"""Images as models read them: archives of converted images, and an index of the bytes of every image."""

convert_jobs = jobs_of("convert.py", lambda wc: stages.convert(STUDY, wc.dataset))
index_jobs = jobs_of("index.py", lambda wc: stages.index(STUDY, wc.dataset))


rule convert:
    input:
        raw="data/raw/{dataset}/{shard}.manifest.json",
        files=ancient("data/raw/{dataset}/{shard}"),
    output:
        archive="data/images/{dataset}/{shard}.tar",
        index="data/images/{dataset}/{shard}.index.parquet",
        manifest="data/images/{dataset}/{shard}.manifest.json",
    log:
        text="data/logs/convert/{dataset}-{shard}.log",
        record="data/records/convert/{dataset}-{shard}.json",
    benchmark:
        "data/timings/convert/{dataset}-{shard}.jsonl"
    threads: cores_of_shard
    resources:
        mem_mb=lambda wc, attempt, threads: growing("mem_mb", 1500 + MB_OF_PROCESS * threads)(wc, attempt),
        runtime=growing("runtime", 120),
    params:
        cfg=convert_jobs.cfg,
        code=convert_jobs.code,
        libs=convert_jobs.libs,
    shell:
        "python -P workflow_scripts/convert.py --raw {input.raw:q}"
        " --archive {output.archive:q} --index {output.index:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --means '{{\"processes\": {threads}}}' --record {log.record:q} --log {log.text:q}"


rule index:
    input:
        shards=lambda wc: paths.shard_files(wc.dataset, ".manifest.json"),
        raw=lambda wc: paths.raw_manifests(wc.dataset),
        failures=lambda wc: ancient(paths.raw_failures(wc.dataset)),
        indexes=lambda wc: ancient(paths.shard_files(wc.dataset, ".index.parquet")),
    output:
        index="data/images/{dataset}/index.parquet",
        health="data/images/{dataset}/health.json",
        picture="data/images/{dataset}/health.svg",
        quarantine="data/images/{dataset}/quarantine.jsonl",
        doubtful="data/images/{dataset}/doubtful.jsonl",
        manifest="data/images/{dataset}/index.manifest.json",
    log:
        text="data/logs/index/{dataset}.log",
        record="data/records/index/{dataset}.json",
    benchmark:
        "data/timings/index/{dataset}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 4000),
        runtime=growing("runtime", 30),
    params:
        cfg=index_jobs.cfg,
        code=index_jobs.code,
        libs=index_jobs.libs,
    shell:
        "python -P workflow_scripts/index.py --shards {input.shards:q} --raw {input.raw:q} --index {output.index:q}"
        " --health {output.health:q} --picture {output.picture:q} --quarantine {output.quarantine:q}"
        " --doubtful {output.doubtful:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
