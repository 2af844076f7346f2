"""Judged benchmarks: replies are matched with the answers that they are about, and what was not judged is said."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline_lib.benchmarks import mm_vet
from pipeline_lib.benchmarks.base import FileNames, Files
from pipeline_lib.benchmarks.families.judge_replies import read_replies, reply_row
from pipeline_lib.benchmarks.families.judging import JudgeReply
from pipeline_lib.cli.main import app
from pipeline_lib.config.load import load_study
from pipeline_lib.config.places import place_problems
from pipeline_lib.config.stages import judge as judge_settings
from pipeline_lib.core.digests import digest_text
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.judging.judge import replies_to, reply_rows, request_rows, requests_about
from pipeline_lib.judging.saved import SavedReplies
from pipeline_lib.judging.settings import JudgingSettings
from tests.project import ROOT
from tests.recordings import read_lines, write_json, write_lines
from tests.scored import answer_with, asked, score

ROW = {"imagename": "a.png", "question": "What?", "answer": "a cat", "capability": ["rec"]}
SETTINGS = JudgingSettings(benchmark="mm_vet", protocol="llava15", files=FileNames(questions="q"), judge=None)


def write(folder: Path, count: int = 3) -> tuple[Files, Path]:
    """Write some questions, and an answer to each."""
    write_json(folder / "mm-vet.json", {f"v1_{number}": ROW for number in range(count)})
    files = Files(folder / "mm-vet.json")
    return files, answer_with(folder / "a.jsonl", [(each, f"a cat {each.id}") for each in asked("mm_vet", files)])


def rows(files: Files, answers: Path, text: str = "0.5", **more: Any) -> list[dict[str, Any]]:
    """Return a reply to every request, in this project's form."""
    requests = requests_about(answers, files, SETTINGS)
    about = {"asked": "gpt-4-0613", "served": "gpt-4-0613-v2"}
    return [{"id": each.id, "request": each.digest, "run": 0, "texts": [text], **about, **more} for each in requests]


def judged(folder: Path, files: Files, answers: Path, replies: list[dict[str, Any]]) -> dict[str, Any]:
    write_lines(folder / "r.jsonl", replies)
    return score("mm_vet", files, answers, replies=[folder / "r.jsonl"])


def test_replies_grade_the_answers_of_their_requests(tmp_path: Path) -> None:
    files, answers = write(tmp_path)
    scored = judged(tmp_path, files, answers, rows(files, answers))
    assert (scored["metrics"]["total"], scored["marks"], scored["status"]) == (50, {}, "complete")
    assert scored["judge"] == {
        **{"asked": {"gpt-4-0613": 3}, "served": {"gpt-4-0613-v2": 3}, "replies": 3, "unchecked": 0},
        **{"runs": [50], "deviation": 0, "unjudged": {}},
    }


def test_without_replies_nothing_is_judged_and_no_metric_is_0(tmp_path: Path) -> None:
    files, answers = write(tmp_path)
    scored = score("mm_vet", files, answers)
    assert set(scored["metrics"].values()) == {None} and set(scored["interval"].values()) == {None}
    assert (scored["status"], scored["missing"], scored["coverage"]) == ("unjudged", 0, 0)
    assert scored["marks"] == {"unjudged": "3 of 3 answers were not judged: no reply (3)"}
    assert scored["judge"]["deviation"] is None and scored["judge"]["unjudged"] == {"no reply": 3}


def test_an_old_grade_never_stands_for_a_new_answer(tmp_path: Path) -> None:
    files, answers = write(tmp_path)
    old = rows(files, answers)
    texts = [(each, "a dog" if each.id == "v1_1" else f"a cat {each.id}") for each in asked("mm_vet", files)]
    changed = answer_with(tmp_path / "b.jsonl", texts)
    scored = judged(tmp_path, files, changed, old)
    assert scored["judge"]["unjudged"] == {"replies about another answer": 1} and scored["status"] == "partial"
    assert scored["judge"]["replies"] == 2
    both = judged(tmp_path, files, changed, [*old, *rows(files, changed, "1.0")[1:2]])
    assert (both["metrics"]["total"], both["judge"]["unjudged"]) == (pytest.approx(200 / 3), {})


@pytest.mark.parametrize("key", ["answer", "answer_id"])
def test_a_reply_may_name_its_answer_by_text_or_id(tmp_path: Path, key: str) -> None:
    files, _ = write(tmp_path)
    answers = [{"question_id": number, "text": "a cat", "answer_id": f"id{number}"} for number in range(3)]
    write_lines(tmp_path / "a.jsonl", answers)
    right = {"answer": digest_text("a cat"), "answer_id": "id0"}[key]
    names = [right, "another", right if key == "answer" else "id2"]
    replies = [{"id": f"v1_{n}", "run": 0, "texts": ["1.0"], key: name} for n, name in enumerate(names)]
    scored = judged(tmp_path, files, tmp_path / "a.jsonl", replies)
    assert scored["judge"]["unjudged"] == {"replies about another answer": 1}
    assert (scored["judge"]["replies"], scored["judge"]["unchecked"]) == (2, 0)


def test_a_reply_that_names_an_answer_by_an_id_that_the_answers_lack_is_unchecked(tmp_path: Path) -> None:
    files, answers = write(tmp_path, 1)
    scored = judged(tmp_path, files, answers, [{"id": "v1_0", "texts": ["1.0"], "answer_id": "id0"}])
    assert (scored["judge"]["unchecked"], list(scored["marks"])) == (1, ["unchecked"])


@pytest.mark.parametrize("name", [0, "v1_0"])
def test_the_id_of_an_answer_is_known_by_either_id_of_its_question(tmp_path: Path, name: int | str) -> None:
    files, _ = write(tmp_path, 1)
    write_lines(tmp_path / "a.jsonl", [{"question_id": name, "text": "a cat", "answer_id": "new"}])
    scored = judged(tmp_path, files, tmp_path / "a.jsonl", [{"id": "v1_0", "texts": ["1.0"], "answer_id": "old"}])
    assert (scored["status"], scored["judge"]["replies"]) == ("unjudged", 0)


def test_two_replies_of_a_run_that_name_the_answer_in_different_ways_must_agree(tmp_path: Path) -> None:
    files, answers = write(tmp_path, 1)
    (by_request,) = rows(files, answers, "0.4")
    by_text = {"id": "v1_0", "run": 0, "texts": ["0.9"], "answer": digest_text("a cat v1_0")}
    for order in ([by_request, by_text], [by_text, by_request]):
        with pytest.raises(PipelineError, match=r"(?s)another reply of the same run.*r\.jsonl:2.*r\.jsonl:1"):
            judged(tmp_path, files, answers, order)
        failed = [{**row, "status": "failed"} if row is by_request else row for row in order]
        assert judged(tmp_path, files, answers, failed)["metrics"]["total"] == 90
    unchecked = {"id": "v1_0", "run": 0, "texts": ["0.9"]}
    for order in ([by_request, unchecked], [unchecked, by_request]):
        assert judged(tmp_path, files, answers, order)["metrics"]["total"] == 40


def test_what_cannot_be_read_or_failed_is_not_judged_and_counted(tmp_path: Path) -> None:
    files, answers = write(tmp_path, 4)
    replies = rows(files, answers)
    replies[0]["texts"] = ["Correct!"]
    replies[1] |= {"status": "failed", "texts": []}
    replies[2]["texts"] = ["nan"]
    scored = judged(tmp_path, files, answers, replies)
    assert scored["judge"]["unjudged"] == {"failed reply": 1, "unreadable reply": 2}
    assert (scored["metrics"]["total"], scored["coverage"]) == (50, 0.25)


def test_five_attempts_in_vain_are_the_official_0_and_are_counted(tmp_path: Path) -> None:
    files, answers = write(tmp_path)
    replies = rows(files, answers, "1.0")
    replies[0]["texts"] = ["?"] * 5
    replies[1]["texts"] = ["1.7", "0.4"]
    scored = judged(tmp_path, files, answers, replies)
    assert (scored["unparsed"], scored["metrics"]["total"]) == (1, pytest.approx(140 / 3))


def test_runs_are_averaged_and_one_without_a_reply_counts_less(tmp_path: Path) -> None:
    files, answers = write(tmp_path, 2)
    second = [row | {"run": 1, "texts": ["1.0"]} for row in rows(files, answers)]
    scored = judged(tmp_path, files, answers, [*rows(files, answers, "0.0"), second[0]])
    assert scored["judge"]["runs"] == [0, 100]
    assert (scored["metrics"]["total"], scored["judge"]["deviation"], scored["judge"]["replies"]) == (50, 50, 3)


def test_the_number_of_a_run_costs_nothing_and_changes_no_score(tmp_path: Path) -> None:
    files, answers = write(tmp_path)
    last = [{**row, "run": 999} for row in rows(files, answers)]
    late = judged(tmp_path, files, answers, [*rows(files, answers, "1.0")[:2], *last])
    assert (
        judged(tmp_path, files, answers, [*rows(files, answers, "1.0")[:2], *({**r, "run": 1} for r in last)]) == late
    )
    assert (late["judge"]["runs"], late["metrics"]["total"]) == ([100, 50], 75)


def test_the_same_reply_twice_is_one_and_a_failed_one_gives_way(tmp_path: Path) -> None:
    files, answers = write(tmp_path)
    replies = rows(files, answers)
    failed = replies[0] | {"status": "failed", "texts": []}
    for order in ([failed, *replies, replies[1]], [*replies, failed]):
        assert judged(tmp_path, files, answers, order)["judge"]["replies"] == 3
    with pytest.raises(PipelineError, match=r"(?s)another reply of the same run.*r\.jsonl:4.*r\.jsonl:1"):
        judged(tmp_path, files, answers, [*replies, replies[0] | {"texts": ["0.9"]}])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "v1_0", "run": 0, "texts": ["0.5"]', r"(?s)not valid JSON.*r\.jsonl:1"),
        ('{"id": "v1_0", "run": 0, "texts": ["0.5"]}\n{"id": "v1_1"', r"(?s)not valid JSON.*r\.jsonl:2"),
        ('{"id": "v1_0", "run": 1000000000, "texts": ["0.5"]}', r"(?s)a reply of a judge has.*run"),
        ('{"id": "v1_0", "request": "digest"}', r"(?s)a reply of a judge has.*texts is missing"),
        ('{"id": "v1_0", "run": -1, "texts": ["0.5"]}', r"(?s)a reply of a judge has.*r\.jsonl:1.*run"),
        ('{"id": "v1_0", "run": 0, "texts": "0.5"}', r"(?s)a reply of a judge has.*texts"),
        ('{"id": "v1_0", "run": 0, "texts": [0.5]}', r"(?s)a reply of a judge has.*texts"),
        ('{"id": "v1_0", "run": 0, "texts": [], "status": "lost"}', r"(?s)a reply of a judge has.*status"),
        ('{"id": "v1_9", "run": 0, "texts": ["0.5"]}', r"(?s)not in the question file.*r\.jsonl:1.*v1_9"),
    ],
)
def test_a_hostile_line_is_refused_with_its_number(tmp_path: Path, line: str, message: str) -> None:
    files, answers = write(tmp_path)
    (tmp_path / "r.jsonl").write_text(line + "\n")
    with pytest.raises(PipelineError, match=message):
        score("mm_vet", files, answers, replies=[tmp_path / "r.jsonl"])


def test_a_reply_is_written_as_it_is_read(tmp_path: Path) -> None:
    full = JudgeReply("1", 2, ("a", "b"), "x", "asked", "served", "digest", "id", "text", "failed", True, [1, 2.5])
    for reply in (full, JudgeReply("1", 0, (), "x"), JudgeReply("1", 0, ("0.5",), "x", read=0.5, final=True)):
        write_lines(tmp_path / "r.jsonl", reply_rows([reply]))
        (again,) = read_replies([tmp_path / "r.jsonl"], mm_vet.recorded).all()
        assert replace(again, where="x") == reply


def test_saved_replies_survive_a_torn_end(tmp_path: Path) -> None:
    path = tmp_path / "saved.jsonl"
    saved = SavedReplies(path)
    replies = [JudgeReply(str(number), 0, ("0.5",), "", request=f"digest {number}") for number in range(3)]
    for reply in replies:
        saved.add(reply)
    del saved  # its process ends
    path.write_bytes(path.read_bytes()[:-5])
    again = SavedReplies(path)
    assert [reply_row(reply) for reply in again.replies] == [reply_row(reply) for reply in replies[:2]]
    assert ("digest 1", 0) in again and ("digest 2", 0) not in again
    again.add(replies[2])
    del again
    assert len(SavedReplies(path).replies) == 3


def test_the_stage_writes_requests_and_without_a_judge_no_reply(tmp_path: Path) -> None:
    files, _ = write(tmp_path)
    texts = [(each, f"a cat {each.id}") for each in asked("mm_vet", files) if each.id != "v1_1"]
    requests = requests_about(answer_with(tmp_path / "b.jsonl", texts), files, SETTINGS, {"v1_0", "v1_2"})
    lines = request_rows(requests)
    assert [line["id"] for line in lines] == ["v1_0", "v1_2"]
    assert set(lines[0]) == {"id", "request", "model", "max_tokens", "attempts"} and len(lines[0]["request"]) == 64
    assert lines[0]["request"] != lines[1]["request"]
    assert replies_to(requests, files, [], SETTINGS, tmp_path) == []


STUDY = """title: judged
datasets:
  vet: {{source: {{kind: folder, path: {folder}}}, convert: {{to: keep}}}}
  grades: {{source: {{kind: folder, path: {folder}}}}}
weights: {{llava: {{dataset: vet, make: {{kind: pretrained, holds: vlm, template: vicuna_v1}}}}}}
runs: {{one: {{model: llava}}}}
benchmarks:
  mm_vet: {{dataset: vet, files: {{questions: mm-vet.json}}, images: [vet], {judge}}}
"""


def study(folder: Path, judge: str) -> Path:
    path = folder / "study.yaml"
    path.write_text(STUDY.format(folder=folder, judge=judge))
    return path


def test_a_study_names_the_files_of_a_judge_by_run(tmp_path: Path) -> None:
    loaded = load_study(study(tmp_path, 'judge: {name: file, files: ["{run}.json"]}, replies: grades'))
    judge = judge_settings(loaded, "one", "mm_vet").judge
    assert judge is not None and judge.names() == ["one.json"]
    assert judge_settings(load_study(study(tmp_path, "scored: true")), "one", "mm_vet").judge is None


@pytest.mark.parametrize(
    ("judge", "message"),
    [
        ("judge: {name: fil, files: [a]}, replies: grades", r"(?s)no such judge: fil; did you mean.*file"),
        ("judge: {name: file, files: [a]}", "this judge reads files of a dataset"),
        ("replies: grades", "no judge reads this dataset"),
        ("judge: {name: file, files: [a]}, replies: grads", r"(?s)no such dataset.*grades"),
        ('judge: {name: file, files: ["{ran}"]}, replies: grades', r"(?s)braces that are not those of \{run\}"),
        ("judge: {name: file, files: []}, replies: grades", "files"),
    ],
)
def test_a_wrong_judge_is_refused(tmp_path: Path, judge: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        load_study(study(tmp_path, judge))


def test_a_file_of_replies_that_this_machine_lacks_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path)
    loaded = load_study(study(tmp_path, 'judge: {name: file, files: ["{run}.jsonl"]}, replies: grades'))
    (problem,) = place_problems(loaded)
    assert (problem.key, problem.value) == (("benchmarks", "mm_vet", "judge"), "one.jsonl")
    write_lines(tmp_path / "one.jsonl", [])
    assert list(place_problems(loaded)) == []


def test_a_smoke_run_has_no_judge_whose_replies_are_about_other_answers(tmp_path: Path) -> None:
    path = study(tmp_path, "judge: {name: file, files: [a]}, replies: grades")
    stand_in = "{make: {kind: pretrained, holds: vlm, template: vicuna_v1}, dataset: vet}"
    text = path.read_text().replace("template: vicuna_v1}}}", f"template: vicuna_v1}}, smoke: {stand_in}}}}}")
    text = text.replace("convert: {to: keep}}", f"convert: {{to: keep}}, smoke: {{kind: folder, path: {tmp_path}}}}}")
    path.write_text(f"smoke: true\n{text}")
    rehearsal = load_study(path)
    assert (rehearsal.benchmarks["mm_vet"].judge, rehearsal.benchmarks["mm_vet"].replies) == (None, None)
    assert list(rehearsal.datasets) == ["smoke-vet"]


def test_no_judge_for_a_benchmark_that_rules_score(tmp_path: Path) -> None:
    text = (ROOT / "studies/mini.yaml").read_text()
    (tmp_path / "study.yaml").write_text(text + "    judge: {name: file, files: [a]}\n    replies: mini_pope\n")
    with pytest.raises(PipelineError, match="no language model judges pope"):
        load_study(tmp_path / "study.yaml")


def test_the_command_takes_replies_and_refuses_them_where_none_judges(tmp_path: Path) -> None:
    files, answers = write(tmp_path)
    write_lines(tmp_path / "r.jsonl", rows(files, answers))
    command = ["score", str(answers), "--benchmark", "mm_vet", "--questions", str(files.questions), "--replies"]
    done = CliRunner().invoke(app, [*command, str(tmp_path / "r.jsonl"), "--json"])
    assert json.loads(done.output)["metrics"]["total"] == 50
    absent = CliRunner().invoke(app, [*command, str(tmp_path / "none.jsonl")])
    assert absent.exit_code == 1 and "no such file of replies" in str(absent.exception or absent.output)
    done = CliRunner().invoke(app, [*command[:2], "--benchmark", "gqa", *command[4:], str(tmp_path / "r.jsonl")])
    assert done.exit_code == 1 and "no judge grades this benchmark" in str(done.exception or done.output)


def test_a_file_of_official_code_twice_is_not_two_runs(tmp_path: Path) -> None:
    files, answers = write(tmp_path, 1)
    for name, number in (("a.json", 0.5), ("b.json", 0.5), ("c.json", 1.0)):
        write_json(tmp_path / name, {"v1_0": {"model": ["gpt-4"], "content": [str(number)], "score": [number]}})
    for name in ("a.json", "b.json"):
        with pytest.raises(PipelineError, match="this file of replies is there twice"):
            score("mm_vet", files, answers, replies=[tmp_path / "a.json", tmp_path / name])
    both = score("mm_vet", files, answers, replies=[tmp_path / "a.json", tmp_path / "c.json"])
    assert both["judge"]["runs"] == [50, 100]


def test_the_recorded_form_of_a_run_is_kept_in_the_replies_of_the_stage(tmp_path: Path) -> None:
    files, answers = write(tmp_path, 1)
    write_json(tmp_path / "g.json", {"v1_0": {"model": ["gpt-4"], "content": ["No"], "score": [0.0]}})
    replies = list(read_replies([tmp_path / "g.json"], mm_vet.recorded).all())
    write_lines(tmp_path / "r.jsonl", reply_rows(replies))
    assert read_lines(tmp_path / "r.jsonl") == [
        {"id": "v1_0", "run": 0, "texts": ["No"], "served": "gpt-4", "final": True, "read": 0.0}
    ]
    both = [score("mm_vet", files, answers, replies=[tmp_path / name]) for name in ("g.json", "r.jsonl")]
    assert both[0] == both[1] and both[0]["unparsed"] == 1


def test_json_lines_that_are_no_replies_are_refused_with_the_form(tmp_path: Path) -> None:
    _, answers = write(tmp_path)
    with pytest.raises(PipelineError, match=r"neither a judge's replies(.|\n)*a\.jsonl(.|\n)*`texts`"):
        read_replies([answers], mm_vet.recorded)


def test_the_text_of_a_score_names_the_judge_and_every_run(tmp_path: Path) -> None:
    files, answers = write(tmp_path)
    write_lines(tmp_path / "r.jsonl", rows(files, answers) + rows(files, answers, "1.0", run=1))
    command = ["score", str(answers), "--benchmark", "mm_vet", "--questions", str(files.questions)]
    text = CliRunner().invoke(app, [*command, "--replies", str(tmp_path / "r.jsonl")]).stdout
    assert "judged by gpt-4-0613-v2 (6 replies); total by run: 50.0000, 100.0000, deviation 25.0000" in text
