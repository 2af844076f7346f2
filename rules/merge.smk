"""Merged models: adapters, trained here or elsewhere, merged into what they were trained on, with a receipt."""

merge_jobs = jobs_of("merge.py", lambda wc: stages.merge(STUDY, wc.model))


rule merge:
    input:
        start=lambda wc: paths.model_manifests(base(wc).start),
        tower=lambda wc: paths.model_manifests(base(wc).tower),
        projector=lambda wc: paths.model_manifests(base(wc).projector),
        adapter=lambda wc: f"{paths.saved_folder(wc.model)}.manifest.json",
        models=lambda wc: ancient(paths.model_folders(*base_of(base(wc)))),
        tensors=lambda wc: ancient(paths.saved_folder(wc.model)),
    output:
        merged=directory("<results>/merged/{model}"),
        receipt="<results>/merged/{model}.receipt.json",
        manifest="<results>/merged/{model}.manifest.json",
    log:
        text="<results>/logs/merge/{model}.log",
        record="<results>/records/merge/{model}.json",
    benchmark:
        "<results>/timings/merge/{model}.jsonl"
    threads: STUDY.threads
    resources:
        mem_mb=growing("mem_mb", MODEL_MB),
        runtime=growing("runtime", 60),
    params:
        cfg=merge_jobs.cfg,
        code=merge_jobs.code,
        libs=merge_jobs.libs,
    shell:
        "python -P workflow_scripts/merge.py --start {input.start:q} --tower {input.tower:q}"
        " --projector {input.projector:q} --adapter {input.adapter:q}"
        " --merged {output.merged:q} --receipt {output.receipt:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
