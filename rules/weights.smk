"""Starting weights of language models and CLIP."""


rule weights:
    input:
        tables=lambda wc: [f"data/tables/{table}.manifest.json" for table in STUDY.weights[wc.weights].tables],
        rows=lambda wc: ancient([f"data/tables/{table}.parquet" for table in STUDY.weights[wc.weights].tables]),
    output:
        weights=directory("data/weights/{weights}"),
        manifest="data/weights/{weights}.manifest.json",
    log:
        text="data/logs/weights/{weights}.log",
        record="data/records/weights/{weights}.json",
    benchmark:
        "data/timings/weights/{weights}.jsonl"
    params:
        cfg=lambda wc: stages.weights(STUDY, wc.weights).canonical(),
        code=lambda wc: code("weights.py", *plugin("weights", STUDY.weights[wc.weights].make.kind)),
        libs=libs("torch", "transformers", "tokenizers", "safetensors"),
    resources:
        mem_mb=4000,
        runtime=60,
    shell:
        "python -P workflow_scripts/weights.py --tables {input.tables:q}"
        " --weights {output.weights:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
