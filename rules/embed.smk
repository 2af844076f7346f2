"""Embeddings of tables by CLIP models, and the subsets whose strategies read them."""

embed_jobs = jobs_of("embed.py", lambda wc: subset_stages.embed(STUDY))
sample_embedded_jobs = jobs_of("sample_embedded.py", lambda wc: stages.sample(STUDY, wc.subset))


rule embed:
    input:
        model=lambda wc: paths.model_manifests(wc.model),
        table=lambda wc: paths.table_manifests([wc.table]),
        folder=lambda wc: ancient(paths.model_folders(wc.model)),
        rows=lambda wc: ancient(paths.table_rows([wc.table])),
        indexes=lambda wc: ancient(paths.image_indexes(table(wc).images)),
        images=lambda wc: ancient(paths.image_files(table(wc).images)),
    output:
        embeddings="<results>/embeddings/{model}/{table}.safetensors",
        manifest="<results>/embeddings/{model}/{table}.manifest.json",
    log:
        text="<results>/logs/embed/{model}-{table}.log",
        record="<results>/records/embed/{model}-{table}.json",
    benchmark:
        "<results>/timings/embed/{model}-{table}.jsonl"
    threads: STUDY.threads
    resources:
        gpu=lambda wc: gpus(embed_jobs.settings(wc)),
        gpu_model=lambda wc: gpu_model(embed_jobs.settings(wc)),
        mem_mb=growing("mem_mb", MODEL_MB),
        runtime=growing("runtime", 720),
    params:
        cfg=embed_jobs.cfg,
        code=embed_jobs.code,
        libs=embed_jobs.libs,
    shell:
        "python -P workflow_scripts/embed.py --model {input.model:q} --table {input.table:q} --indexes {input.indexes:q}"
        " --embeddings {output.embeddings:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"


rule sample_embedded:
    input:
        table=lambda wc: paths.table_manifests([subset(wc).table]),
        embeddings=lambda wc: files_at(paths.embeddings(wc.subset), ".manifest.json"),
        held=lambda wc: paths.subset_manifests(*paths.held_subsets(wc.subset)),
        shared=lambda wc: files_at(paths.shared_images(wc.subset), ".manifest.json"),
        rows=lambda wc: ancient(paths.table_rows([subset(wc).table])),
        vectors=lambda wc: ancient(files_at(paths.embeddings(wc.subset), ".safetensors")),
        held_rows=lambda wc: ancient(paths.subset_rows(*paths.held_subsets(wc.subset))),
        lists=lambda wc: ancient(files_at(paths.shared_images(wc.subset), ".jsonl")),
    output:
        subset="<results>/subsets/{subset}.parquet",
        manifest="<results>/subsets/{subset}.manifest.json",
    log:
        text="<results>/logs/sample_embedded/{subset}.log",
        record="<results>/records/sample_embedded/{subset}.json",
    benchmark:
        "<results>/timings/sample_embedded/{subset}.jsonl"
    wildcard_constraints:
        subset=EMBEDDED_SUBSET,
    resources:
        mem_mb=growing("mem_mb", 16000),
        runtime=growing("runtime", 120),
    params:
        cfg=sample_embedded_jobs.cfg,
        code=sample_embedded_jobs.code,
        libs=sample_embedded_jobs.libs,
    shell:
        "python -P workflow_scripts/sample_embedded.py --table {input.table:q} --embeddings {input.embeddings:q}"
        " --held {input.held:q} --shared {input.shared:q}"
        " --subset {output.subset:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
