"""Validated tables of conversations."""

tabulate_jobs = jobs_of("tabulate.py", lambda wc: stages.tabulate(STUDY, wc.table))


rule tabulate:
    input:
        raw=lambda wc: paths.raw_manifests(table(wc).dataset),
        indexes=lambda wc: paths.index_manifests(table(wc).images),
        chosen=lambda wc: files_at(paths.choices("tables", wc.table), ".manifest.json"),
        choices=lambda wc: ancient(files_at(paths.choices("tables", wc.table), ".json")),
        files=lambda wc: ancient(paths.raw_folders(table(wc).dataset)),
        images=lambda wc: ancient(paths.image_indexes(table(wc).images)),
    output:
        table="data/tables/{table}.parquet",
        pins="data/tables/{table}.pins.parquet",
        rejected="data/tables/{table}.rejected.jsonl",
        unused="data/tables/{table}.unused_keys.jsonl",
        manifest="data/tables/{table}.manifest.json",
    log:
        text="data/logs/tabulate/{table}.log",
        record="data/records/tabulate/{table}.json",
    benchmark:
        "data/timings/tabulate/{table}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 8000),
        runtime=60,
    params:
        cfg=tabulate_jobs.cfg,
        code=tabulate_jobs.code,
        libs=tabulate_jobs.libs,
    shell:
        "python -P workflow_scripts/tabulate.py --raw {input.raw:q} --indexes {input.indexes:q}"
        " --chosen {input.chosen:q}"
        " --table {output.table:q} --pins {output.pins:q} --rejected {output.rejected:q} --unused {output.unused:q}"
        " --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
