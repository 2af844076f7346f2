"""Reports on subsets, for a look before a training; no other stage reads them: `snakemake -c2 reports` makes all."""

report_subset_jobs = jobs_of("report_subset.py", lambda wc: subset_stages.report_subset())


rule report_subset:
    input:
        subset=lambda wc: paths.subset_manifests(wc.subset),
        table=lambda wc: paths.table_manifests([subset(wc).table]),
        others=lambda wc: paths.subset_manifests(*paths.subsets_beside(wc.subset)),
        rows=lambda wc: ancient(paths.subset_rows(wc.subset, *paths.subsets_beside(wc.subset))),
        conversations=lambda wc: ancient(paths.table_rows([subset(wc).table])),
    output:
        report="<results>/subsets/{subset}.report.json",
        picture="<results>/subsets/{subset}.report.svg",
    log:
        text="<results>/logs/report_subset/{subset}.log",
        record="<results>/records/report_subset/{subset}.json",
    benchmark:
        "<results>/timings/report_subset/{subset}.jsonl"
    resources:
        mem_mb=growing("mem_mb", 8000),
        runtime=30,
    params:
        cfg=report_subset_jobs.cfg,
        code=report_subset_jobs.code,
        libs=report_subset_jobs.libs,
    shell:
        "python -P workflow_scripts/report_subset.py --subset {input.subset:q} --table {input.table:q}"
        " --others {input.others:q} --report {output.report:q} --picture {output.picture:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
