"""Starting weights of language models and CLIP."""


rule weights:
    input:
        tables=lambda wc: table_manifests(STUDY.weights[wc.weights].tables),
        lessons=lambda wc: table_manifests(lessons(STUDY.weights[wc.weights])),
        rows=lambda wc: ancient(table_rows(STUDY.weights[wc.weights].tables + lessons(STUDY.weights[wc.weights]))),
    output:
        weights=directory("data/weights/{weights}"),
        manifest="data/weights/{weights}.manifest.json",
    log:
        text="data/logs/weights/{weights}.log",
        record="data/records/weights/{weights}.json",
    benchmark:
        "data/timings/weights/{weights}.jsonl"
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        cfg=lambda wc: stages.weights(STUDY, wc.weights).canonical(),
        code=lambda wc: code("weights.py", *weights_plugins(STUDY.weights[wc.weights])),
        libs=libs(*TRAINING_LIBRARIES),
    shell:
        "python -P workflow_scripts/weights.py --tables {input.tables:q} --lessons {input.lessons:q}"
        " --weights {output.weights:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
