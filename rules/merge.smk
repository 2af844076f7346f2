"""Merged models: an adapter merged into the model that it was trained on, with a receipt."""


rule merge:
    input:
        start=lambda wc: paths.model_manifests(training(wc).start),
        tower=lambda wc: paths.model_manifests(training(wc).tower),
        projector=lambda wc: paths.model_manifests(training(wc).projector),
        adapter="<results>/checkpoints/{training}.manifest.json",
        models=lambda wc: ancient(paths.model_folders(*base_of(training(wc)))),
        tensors=ancient("<results>/checkpoints/{training}"),
    output:
        merged=directory("<results>/merged/{training}"),
        receipt="<results>/merged/{training}.receipt.json",
        manifest="<results>/merged/{training}.manifest.json",
    log:
        text="<results>/logs/merge/{training}.log",
        record="<results>/records/merge/{training}.json",
    benchmark:
        "<results>/timings/merge/{training}.jsonl"
    threads: STUDY.threads
    resources:
        mem_mb=growing("mem_mb", MODEL_MB),
        runtime=growing("runtime", 60),
    params:
        cfg=stages.merge(STUDY).canonical(),
        code=lambda wc: code("merge.py", *family_plugin(STUDY, wc.training, *MERGE)),
        libs=lambda wc: libs("merge.py", *family_plugin(STUDY, wc.training, *MERGE)),
    shell:
        "python -P workflow_scripts/merge.py --start {input.start:q} --tower {input.tower:q}"
        " --projector {input.projector:q} --adapter {input.adapter:q}"
        " --merged {output.merged:q} --receipt {output.receipt:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
