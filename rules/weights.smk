"""Starting weights of language models and CLIP."""


rule weights:
    input:
        tables=lambda wc: table_manifests(weights(wc).tables),
        lessons=lambda wc: table_manifests(lessons(weights(wc))),
        files=lambda wc: raw_manifests_of(given(weights(wc).dataset)),
        raw=lambda wc: ancient(raw_folders_of(given(weights(wc).dataset))),
        tower=lambda wc: model_manifests(given(weights(wc).tower)),
        clip=lambda wc: ancient(model_folders(given(weights(wc).tower))),
        rows=lambda wc: ancient(table_rows(weights(wc).tables + lessons(weights(wc)))),
    output:
        weights=directory("data/weights/{weights}"),
        curve="data/weights/{weights}.curve.csv",
        manifest="data/weights/{weights}.manifest.json",
    log:
        text="data/logs/weights/{weights}.log",
        record="data/records/weights/{weights}.json",
    benchmark:
        "data/timings/weights/{weights}.jsonl"
    threads: STUDY.threads
    resources:
        gpu=lambda wc: gpus(stages.weights(STUDY, wc.weights)),
        gpu_model=lambda wc: gpu_model(stages.weights(STUDY, wc.weights)),
        mem_mb=growing("mem_mb", MODEL_MB),
        runtime=growing("runtime", 240),
        save_every=STUDY.save_every,
    params:
        cfg=lambda wc: stages.weights(STUDY, wc.weights).canonical(),
        code=lambda wc: code("weights.py", *weights_plugins(weights(wc))),
        libs=lambda wc: libs("weights.py", *weights_plugins(weights(wc))),
    shell:
        "python -P workflow_scripts/weights.py --tables {input.tables:q} --lessons {input.lessons:q}"
        " --files {input.files:q} --tower {input.tower:q}"
        " --weights {output.weights:q} --curve {output.curve:q} --manifest {output.manifest:q}"
        " --save-every {resources.save_every}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
