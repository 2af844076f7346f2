"""`vlmflow lineage show --html`: one page with the facts of `--json`, without a script, a network or a machine's paths."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline_lib.cli import lineage_show
from pipeline_lib.cli.main import app
from pipeline_lib.core.text import pretty_json
from pipeline_lib.report.lineage_page import lineage_page, tree
from tests.small_study import HOST, USER_FOLDER, SmallStudy
from tests.unit.test_report import HOSTILE, Reader
from tests.unit.test_report_browser import BROWSER, opened

RESULT = "results/pope_score.json#/runs/full/metrics/accuracy"
PAGE = Path("page.html")


def written(result: str = RESULT) -> dict[str, Any]:
    """Write the page of a result; return the facts that the same call prints."""
    done = CliRunner().invoke(app, ["lineage", "show", result, "--html", str(PAGE), "--json"])
    assert done.exit_code == 0, done.output
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def step(job: str, inputs: dict[str, str], outputs: dict[str, str], **others: Any) -> dict[str, Any]:
    values = {"settings": {}, "code": "c", "libraries": {}, "machine": {}, "commit": None, "dirty": None}
    made = {"started": "2026-11-27", "seconds": 1.0, "accepted": []}
    return {"job": job, "stage": job.split()[0], "inputs": inputs, "outputs": outputs, **values, **made, **others}


def page_of(*steps: dict[str, Any], **others: Any) -> str:
    return lineage_page({"result": "a.json", "sentences": [], "standing": [], "steps": steps, **others})


@pytest.fixture(autouse=True)
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallStudy:
    """Return a finished study in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lineage_show, "made_studies", lambda: [])
    return SmallStudy(tmp_path).make()


def test_every_fact_of_every_job_is_on_the_page_once(study: SmallStudy) -> None:
    facts = written()
    facts_by_job: dict[str, dict[str, str]] = {}
    for name, text in Reader(PAGE.read_text()).rows:
        if name == "job":
            facts_by_job[text] = job = {}
        job[name] = text
    assert facts_by_job.keys() == {each["job"] for each in facts["steps"]}
    for each in facts["steps"]:
        on_page = facts_by_job[each["job"]]
        assert {name: each[name] for name in ("stage", "code", "started")}.items() <= on_page.items()
        for name in ("outputs", "settings", "libraries", "machine", "seconds"):
            assert json.loads(on_page[name]) == each[name]


def test_the_page_has_every_sentence_and_every_input_with_its_digest(study: SmallStudy) -> None:
    facts, text = written(), PAGE.read_text()
    assert all(f"<li>{sentence}</li>" in text for sentence in facts["sentences"])
    titles = {each.get("title") for _, each in Reader(text).elements}
    assert {digest for each in facts["steps"] for digest in each["inputs"].values()} <= titles


def test_the_page_needs_no_script_and_no_network_and_names_no_machine(study: SmallStudy) -> None:
    written()
    text = PAGE.read_text()
    elements = Reader(text).elements
    assert not {tag for tag, _ in elements} & {"script", "link", "img", "iframe"}
    assert not [each for _, each in elements if each.get("src") or not str(each.get("href", "#")).startswith("#")]
    (policy,) = [each["content"] for _, each in elements if each.get("http-equiv")]
    assert "default-src 'none'" in str(policy) and "script-src 'none'" in str(policy) and "unsafe" not in str(policy)
    assert HOST not in text and USER_FOLDER not in text and str(Path().resolve()) not in text


def test_hostile_names_and_settings_are_texts() -> None:
    text = page_of(
        step("score x", {HOSTILE: "0" * 64}, {f"{HOSTILE}.json": "1" * 64}, settings={HOSTILE: [HOSTILE]}),
        result=HOSTILE,
        sentences=[HOSTILE],
        standing=[HOSTILE],
    )
    reader = Reader(text)
    assert not {"script", "img"} & {tag for tag, _ in reader.elements} and "\x1b" not in text and "\u202e" not in text
    assert text.count("&lt;/script&gt;&lt;script&gt;alert(1)") >= 6


def test_a_job_opens_once_and_is_named_above_from_then_on() -> None:
    shared = step("fetch raw", {}, {"raw": "r1"})
    left, right = step("index left", {"raw": "r1"}, {"left": "l1"}), step("index right", {"raw": "r0"}, {"right": "x1"})
    (group,) = tree(
        [step("gather all", {"left": "l1", "right": "x1", "gone": "g"}, {"a": "1"}), left, right, shared]
    ).groups
    first, second, gone = group.nodes
    assert [node.kind for node in first.groups[0].nodes] == ["job"]
    (again,) = second.groups[0].nodes
    assert (again.kind, again.number, again.remade) == ("above", 3, True), "the raw files have other bytes now"
    assert gone.kind == "unrecorded"


def test_many_inputs_of_a_stage_open_together_and_all_are_there() -> None:
    shards = [step(f"convert {number}", {}, {f"shard-{number}": str(number)}) for number in range(300)]
    inputs = {name: digest for each in shards for name, digest in each["outputs"].items()}
    text = page_of(step("index all", {**inputs, "other": "0"}, {"index": "1"}), *shards, step("x", {}, {"other": "0"}))
    assert "<summary>300 inputs of the stage convert</summary>" in text
    assert all(f"<code>shard-{number}</code>" in text for number in range(300)) and "<code>other</code>" in text


def test_accepted_changes_are_on_the_page() -> None:
    accepted = [{"because": "only renamed", "changes": ["code"], "at": "2026-11-27"}]
    assert ["accepted", pretty_json(accepted).rstrip()] in Reader(
        page_of(step("x", {}, {"a": "1"}, accepted=accepted))
    ).rows


def test_a_folder_is_refused_with_a_file_to_name(study: SmallStudy) -> None:
    done = CliRunner().invoke(app, ["lineage", "show", RESULT, "--html", "results"])
    assert "results/lineage.html" in str(done.exception) + done.output


@pytest.mark.skipif(BROWSER is None, reason="no browser is installed")
def test_a_browser_shows_the_facts_that_json_has(study: SmallStudy) -> None:
    facts = written()
    text = opened(PAGE.resolve())
    on_page = Counter(cells[1] for cells in Reader(text).rows if cells[0] == "job")
    assert on_page == Counter(each["job"] for each in facts["steps"])
    assert "<script" not in text and facts["sentences"][0] in text
