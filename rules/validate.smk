"""The loss of a training's model on the rows of a subset, such as one that its own subset holds out."""

validate_jobs = jobs_of("validate.py", lambda wc: stages.validate(STUDY, wc.training))


rule validate:
    input:
        model=lambda wc: paths.model_manifests(wc.training),
        subset="<results>/subsets/{subset}.manifest.json",
        weights=lambda wc: ancient(paths.model_folders(wc.training)),
        rows=ancient("<results>/subsets/{subset}.parquet"),
        table=lambda wc: ancient(paths.table_rows([subset(wc).table])),
        indexes=lambda wc: ancient(paths.image_indexes(STUDY.tables[subset(wc).table].images)),
        images=lambda wc: ancient(paths.image_files(STUDY.tables[subset(wc).table].images)),
    output:
        loss="<results>/losses/{training}/{subset}.json",
    log:
        text="<results>/logs/validate/{training}-{subset}.log",
        record="<results>/records/validate/{training}-{subset}.json",
    benchmark:
        "<results>/timings/validate/{training}-{subset}.jsonl"
    threads: STUDY.threads
    resources:
        gpu=lambda wc: gpus(validate_jobs.settings(wc)),
        gpu_model=lambda wc: gpu_model(validate_jobs.settings(wc)),
        mem_mb=growing("mem_mb", MODEL_MB),
        runtime=growing("runtime", 240),
    params:
        cfg=validate_jobs.cfg,
        code=validate_jobs.code,
        libs=validate_jobs.libs,
    shell:
        "python -P workflow_scripts/validate.py --model {input.model:q} --subset {input.subset:q}"
        " --table {input.table:q} --indexes {input.indexes:q} --loss {output.loss:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
