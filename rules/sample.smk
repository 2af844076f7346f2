"""Subsets: rows of a table, chosen by a strategy; rules/embed.smk has those whose strategy reads embeddings."""

sample_jobs = jobs_of("sample.py", lambda wc: stages.sample(STUDY, wc.subset))


rule sample:
    input:
        table=lambda wc: paths.table_manifests([subset(wc).table]),
        held=lambda wc: paths.subset_manifests(*paths.held_subsets(wc.subset)),
        shared=lambda wc: files_at(paths.shared_images(wc.subset), ".manifest.json"),
        rows=lambda wc: ancient(paths.table_rows([subset(wc).table])),
        pins=lambda wc: ancient(paths.table_pins(subset(wc).table)),
        held_rows=lambda wc: ancient(paths.subset_rows(*paths.held_subsets(wc.subset))),
        lists=lambda wc: ancient(files_at(paths.shared_images(wc.subset), ".jsonl")),
    output:
        subset="<results>/subsets/{subset}.parquet",
        manifest="<results>/subsets/{subset}.manifest.json",
    log:
        text="<results>/logs/sample/{subset}.log",
        record="<results>/records/sample/{subset}.json",
    benchmark:
        "<results>/timings/sample/{subset}.jsonl"
    wildcard_constraints:
        subset=PLAIN_SUBSET,
    resources:
        mem_mb=growing("mem_mb", 8000),
        runtime=30,
    params:
        cfg=sample_jobs.cfg,
        code=sample_jobs.code,
        libs=sample_jobs.libs,
    shell:
        "python -P workflow_scripts/sample.py --table {input.table:q} --held {input.held:q} --shared {input.shared:q}"
        " --subset {output.subset:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
