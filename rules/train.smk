"""Checkpoints: from weights or another checkpoint, by a recipe, on a subset."""


rule train:
    input:
        start=lambda wc: model_manifest(STUDY.trainings[wc.training].start),
        tower=lambda wc: [model_manifest(name) for name in given(STUDY.trainings[wc.training].tower)],
        subset=lambda wc: [
            f"<results>/subsets/{name}.manifest.json" for name in given(STUDY.trainings[wc.training].subset)
        ],
        models=lambda wc: ancient(
            [
                model_folder(name)
                for name in given(STUDY.trainings[wc.training].start, STUDY.trainings[wc.training].tower)
            ]
        ),
        rows=lambda wc: ancient(
            [f"<results>/subsets/{name}.parquet" for name in given(STUDY.trainings[wc.training].subset)]
        ),
        table=lambda wc: ancient(table_rows(training_table(STUDY.trainings[wc.training]))),
        indexes=lambda wc: ancient(image_indexes(training_images(STUDY.trainings[wc.training]))),
        images=lambda wc: ancient(image_files(training_images(STUDY.trainings[wc.training]))),
    output:
        checkpoint=directory("<results>/checkpoints/{training}"),
        manifest="<results>/checkpoints/{training}.manifest.json",
    log:
        text="<results>/logs/train/{training}.log",
        record="<results>/records/train/{training}.json",
    benchmark:
        "<results>/timings/train/{training}.jsonl"
    resources:
        mem_mb=4000,
        runtime=1440,
    params:
        cfg=lambda wc: stages.train(STUDY, wc.training).canonical(),
        code=lambda wc: code("train.py", *recipe_plugins(STUDY.trainings[wc.training].recipe)),
        libs=libs(*TRAINING_LIBRARIES),
    shell:
        "python -P workflow_scripts/train.py --start {input.start:q} --tower {input.tower:q} --subset {input.subset:q}"
        " --table {input.table:q} --indexes {input.indexes:q}"
        " --checkpoint {output.checkpoint:q} --manifest {output.manifest:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
