"""Checkpoints: from weights or another checkpoint, by a recipe, on a subset."""

train_jobs = jobs_of("train.py", lambda wc: stages.train(STUDY, wc.training))


rule train:
    input:
        start=lambda wc: paths.model_manifests(training(wc).start),
        tower=lambda wc: paths.model_manifests(training(wc).tower),
        projector=lambda wc: paths.model_manifests(training(wc).projector),
        subset=lambda wc: paths.subset_manifests(training(wc).subset),
        validation=lambda wc: paths.subset_manifests(training(wc).validation),
        verdict=lambda wc: paths.verdicts(wc.training),
        clearance=ancient("<results>/questions.verdict.json"),  # an edit of questions reruns no training
        models=lambda wc: ancient(paths.model_folders(*base_of(training(wc)))),
        rows=lambda wc: ancient(paths.subset_rows(training(wc).subset, training(wc).validation)),
        table=lambda wc: ancient(paths.table_rows(paths.tables_of(training(wc)))),
        indexes=lambda wc: ancient(paths.image_indexes(paths.images_of(training(wc)))),
        images=lambda wc: ancient(paths.image_files(paths.images_of(training(wc)))),
    output:
        checkpoint=directory("<results>/checkpoints/{training}"),
        curve="<results>/checkpoints/{training}.curve.csv",
        manifest="<results>/checkpoints/{training}.manifest.json",
    log:
        text="<results>/logs/train/{training}.log",
        record="<results>/records/train/{training}.json",
    benchmark:
        "<results>/timings/train/{training}.jsonl"
    priority: 2  # the longest chain goes through trainings
    threads: lambda wc: STUDY.threads * training(wc).devices.gpus_per_node
    resources:
        nodes=lambda wc: training(wc).devices.nodes,
        gpu=lambda wc: None if across(wc) else gpus(train_jobs.settings(wc)),
        gpu_model=lambda wc: None if across(wc) else gpu_model(train_jobs.settings(wc)),
        mpi=lambda wc: "srun" if across(wc) else None,
        tasks=lambda wc: across(wc),
        gres=lambda wc: gpus_of_nodes(train_jobs.settings(wc)) if across(wc) else None,
        tasks_per_gpu=lambda wc: 0 if across(wc) else None,  # else the executor asks for `tasks` on every GPU
        mem_mb=growing("mem_mb", MODEL_MB),
        runtime=growing("runtime", 1440),
        slurm_extra="--signal=TERM@120",  # a signal two minutes before its limit, to save its state
        save_every=STUDY.save_every,
    params:
        cfg=train_jobs.cfg,
        code=train_jobs.code,
        libs=train_jobs.libs,
    shell:
        "python -P workflow_scripts/train.py --start {input.start:q} --tower {input.tower:q}"
        " --projector {input.projector:q} --subset {input.subset:q} --validation {input.validation:q}"
        " --verdict {input.verdict:q} --clearance {input.clearance:q}"
        " --table {input.table:q} --indexes {input.indexes:q}"
        " --checkpoint {output.checkpoint:q} --curve {output.curve:q} --manifest {output.manifest:q}"
        " --save-every {resources.save_every}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
