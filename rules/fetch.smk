"""Raw files of one shard of a dataset, unchanged from its source."""

fetch_jobs = jobs_of(
    "fetch.py", lambda wc: stages.fetch(STUDY, wc.dataset, int(wc.shard), paths.raw_manifest(wc.dataset, wc.shard))
)


rule fetch:
    input:
        chosen=lambda wc: files_at(paths.choices_about(wc.dataset), ".manifest.json"),
        choices=lambda wc: ancient(files_at(paths.choices_about(wc.dataset), ".json")),
    output:
        raw=directory("data/raw/{dataset}/{shard}"),
        failures="data/raw/{dataset}/{shard}.failures.jsonl",
        manifest="data/raw/{dataset}/{shard}.manifest.json",
    log:
        text="data/logs/fetch/{dataset}-{shard}.log",
        record="data/records/fetch/{dataset}-{shard}.json",
    benchmark:
        "data/timings/fetch/{dataset}-{shard}.jsonl"
    localrule: SITE.fetch == LOGIN  # for sites whose compute nodes have no network
    resources:
        mem_mb=growing("mem_mb", 2000),
        runtime=480,
    params:
        cfg=fetch_jobs.cfg,
        code=fetch_jobs.code,
        libs=fetch_jobs.libs,
    shell:
        "python -P workflow_scripts/fetch.py --chosen {input.chosen:q}"
        " --raw {output.raw:q} --failures {output.failures:q}"
        " --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
