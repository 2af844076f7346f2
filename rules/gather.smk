"""All runs of a benchmark side by side."""


rule gather:
    input:
        scores=expand("<results>/scores/{run}/{{benchmark}}.json", run=sorted(STUDY.runs)),
    output:
        score="<results>/{benchmark}_score.json",
    log:
        text="<results>/logs/gather/{benchmark}.log",
        record="<results>/records/gather/{benchmark}.json",
    benchmark:
        "<results>/timings/gather/{benchmark}.jsonl"
    localrule: True  # takes a second on a few small files, also on a login node
    resources:
        mem_mb=growing("mem_mb", 1000),
        runtime=10,
    params:
        cfg=lambda wc: stages.gather(STUDY, wc.benchmark).canonical(),
        code=code("gather.py"),
        libs=libs("gather.py"),
    shell:
        "python -P workflow_scripts/gather.py --scores {input.scores:q} --score {output.score:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
