"""All runs of a benchmark side by side."""

gather_jobs = jobs_of("gather.py", lambda wc: stages.gather(STUDY, wc.benchmark))


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
        cfg=gather_jobs.cfg,
        code=gather_jobs.code,
        libs=gather_jobs.libs,
    shell:
        "python -P workflow_scripts/gather.py --scores {input.scores:q} --score {output.score:q}"
        " --settings {params.cfg:q} --code {params.code:q} --libs={params.libs:q}"
        " --record {log.record:q} --log {log.text:q}"
