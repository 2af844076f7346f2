"""Starting weights of language models and CLIP."""


rule weights:
    input:
        tables=lambda wc: paths.table_manifests(weights(wc).tables),
        files=lambda wc: paths.raw_manifests(weights(wc).dataset),
        raw=lambda wc: ancient(paths.raw_folders(weights(wc).dataset)),
        tower=lambda wc: paths.model_manifests(weights(wc).tower),
        clip=lambda wc: ancient(paths.model_folders(weights(wc).tower)),
        rows=lambda wc: ancient(paths.table_rows(weights(wc).tables)),
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
        code=lambda wc: code("weights.py", *weights_plugins(STUDY, wc.weights)),
        libs=lambda wc: libs("weights.py", *weights_plugins(STUDY, wc.weights)),
    shell:
        "python -P workflow_scripts/weights.py --tables {input.tables:q} --files {input.files:q} --tower {input.tower:q}"
        " --weights {output.weights:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
