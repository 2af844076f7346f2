"""Starting weights of language models and CLIP."""


rule weights:
    input:
        tables=lambda wc: table_manifests(weights(wc).tables),
        files=lambda wc: raw_manifests_of(present(weights(wc).dataset)),
        raw=lambda wc: ancient(raw_folders_of(present(weights(wc).dataset))),
        tower=lambda wc: model_manifests(present(weights(wc).tower)),
        clip=lambda wc: ancient(model_folders(present(weights(wc).tower))),
        rows=lambda wc: ancient(table_rows(weights(wc).tables)),
    output:
        weights=directory("data/weights/{weights}"),
        manifest="data/weights/{weights}.manifest.json",
    log:
        text="data/logs/weights/{weights}.log",
        record="data/records/weights/{weights}.json",
    benchmark:
        "data/timings/weights/{weights}.jsonl"
    threads: STUDY.threads
    resources:
        mem_mb=growing("mem_mb", MODEL_MB),
        runtime=growing("runtime", 240),
    params:
        cfg=lambda wc: stages.weights(STUDY, wc.weights).canonical(),
        code=lambda wc: code("weights.py", *plugin("weights", weights(wc).make.kind)),
        libs=lambda wc: libs("weights.py", *plugin("weights", weights(wc).make.kind)),
    shell:
        "python -P workflow_scripts/weights.py --tables {input.tables:q} --files {input.files:q} --tower {input.tower:q}"
        " --weights {output.weights:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
