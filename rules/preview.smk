"""Checks of a training's rows: token counts, the verdict that the training waits for, and a page that shows rows."""

inspect_rows_jobs = jobs_of("inspect_rows.py", lambda wc: stages.inspect(STUDY, wc.training))
inspect_images_jobs = jobs_of("inspect_images.py", lambda wc: stages.inspect_images(STUDY, wc.training))
preview_jobs = jobs_of("preview.py", lambda wc: stages.preview())


rule inspect_rows:
    input:
        start=lambda wc: paths.model_manifests(origins(STUDY, wc.training)[0]),
        tower=lambda wc: paths.model_manifests(origins(STUDY, wc.training)[1]),
        subset=lambda wc: paths.subset_manifests(training(wc).subset),
        models=lambda wc: ancient(paths.model_folders(*origins(STUDY, wc.training))),
        rows=lambda wc: ancient(paths.subset_rows(training(wc).subset)),
        table=lambda wc: ancient(paths.table_rows(paths.tables_of(training(wc)))),
        indexes=lambda wc: ancient(paths.image_indexes(paths.images_of(training(wc)))),
    output:
        counts="<results>/previews/{training}.json",
        verdict="<results>/previews/{training}.verdict.json",
    log:
        text="<results>/logs/inspect_rows/{training}.log",
        record="<results>/records/inspect_rows/{training}.json",
    benchmark:
        "<results>/timings/inspect_rows/{training}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 8000),
        runtime=growing("runtime", 60),
    params:
        cfg=inspect_rows_jobs.cfg,
        code=inspect_rows_jobs.code,
        libs=inspect_rows_jobs.libs,
    shell:
        "python -P workflow_scripts/inspect_rows.py --start {input.start:q} --tower {input.tower:q}"
        " --subset {input.subset:q} --table {input.table:q} --indexes {input.indexes:q}"
        " --counts {output.counts:q} --verdict {output.verdict:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"


rule inspect_images:
    input:
        subset=lambda wc: paths.subset_manifests(training(wc).subset, training(wc).validation),
        rows=lambda wc: ancient(paths.subset_rows(training(wc).subset, training(wc).validation)),
        table=lambda wc: ancient(paths.table_rows(paths.tables_of(training(wc)))),
    output:
        verdict="<results>/pairs/{training}.verdict.json",
    log:
        text="<results>/logs/inspect_images/{training}.log",
        record="<results>/records/inspect_images/{training}.json",
    benchmark:
        "<results>/timings/inspect_images/{training}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 8000),
        runtime=30,
    params:
        cfg=inspect_images_jobs.cfg,
        code=inspect_images_jobs.code,
        libs=inspect_images_jobs.libs,
    shell:
        "python -P workflow_scripts/inspect_images.py --subset {input.subset:q} --table {input.table:q}"
        " --verdict {output.verdict:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"


rule preview:
    input:
        counts="<results>/previews/{training}.json",
    output:
        page="<results>/previews/{training}.html",
    log:
        text="<results>/logs/preview/{training}.log",
        record="<results>/records/preview/{training}.json",
    benchmark:
        "<results>/timings/preview/{training}.jsonl"
    priority: 1  # before its training, which the verdict may block
    resources:
        mem_mb=growing("mem_mb", 1000),
        runtime=10,
    params:
        cfg=preview_jobs.cfg,
        code=preview_jobs.code,
        libs=preview_jobs.libs,
    shell:
        "python -P workflow_scripts/preview.py --counts {input.counts:q} --page {output.page:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
