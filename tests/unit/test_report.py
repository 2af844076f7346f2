"""The report: its numbers are those of the score files, its texts are texts, and it asks nothing of the network."""

import importlib.util
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline_lib.config import report_stages
from pipeline_lib.config.load import load_study
from pipeline_lib.core.errors import PipelineError
from pipeline_lib.core.text import pretty_json
from pipeline_lib.job.record import Record
from pipeline_lib.report.charts import curve_chart, interval_chart, round_numbers
from pipeline_lib.report.discovery import load_section, section_names
from pipeline_lib.report.facts import Facts, Pair
from pipeline_lib.report.listed import cut, longest, shares, spread
from pipeline_lib.report.page import page
from pipeline_lib.report.pairs import MEAN_GRADE, best_run
from pipeline_lib.report.read import read_facts
from pipeline_lib.report.sections import confusion, differences
from pipeline_lib.report.texts import interval, number, signed, visible
from pipeline_lib.scoring.paired import Difference
from pipeline_lib.training.curve import Step, write_curve
from tests.project import ROOT
from tests.reported import Say, report_facts, report_files, report_settings

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\x00\x1b[31m\u202eevil\u2028"


class Reader(HTMLParser):
    """What a browser sees of a page: its elements, the rows of its tables, and its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.scripts: dict[str, str] = {}
        self._script: str | None = None
        self._cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        self._cell = tag in ("td", "th") or (self._cell and tag != "tr")
        if tag == "script":
            self._script = dict(attrs).get("id") or "page"
            self.scripts[self._script] = ""

    def handle_endtag(self, tag: str) -> None:
        self._cell = self._cell and tag not in ("td", "th")
        self._script = None if tag == "script" else self._script

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self.scripts[self._script] += data
        elif self._cell:
            self.rows[-1][-1] += data


def right(question: object, gold: str) -> str:
    return gold


def wrong_about(*ids: str) -> Say:
    return lambda question, gold: gold if question.id not in ids else {"yes": "no", "no": "yes"}[gold]


def whole_page(facts: Facts) -> str:
    return page(facts, [load_section(name) for name in section_names()])


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    runs = {"good": wrong_about("3"), "poor": wrong_about("1", "2", "3", "10000001", "20000004"), "gap": right}
    runs["gap"] = lambda question, gold: None if question.id == "4" else "Yes"
    return report_facts(tmp_path_factory.mktemp("study"), runs)


def test_every_number_of_the_table_of_scores_is_that_of_the_score_file(facts: Facts) -> None:
    content = json.loads(Path(facts.benchmarks[0].path).read_text())
    rows = Reader(whole_page(facts)).rows
    for run, score in content["runs"].items():
        summary, details = [row for row in rows if row[0] == run][:2]
        assert (
            summary[1].split("\n")[0]
            == f"{number(score['metrics']['accuracy'])} {interval(score['interval']['accuracy'])}"
        )
        for metric, cell in zip(("accuracy", "f1", "yes"), details[1:], strict=False):
            assert cell == f"{number(score['metrics'][metric])} {interval(score['interval'][metric])}"
        assert details[4].split() == ([str(score["n"])] if run != "gap" else ["23", "of", "24"])


def test_a_difference_of_a_pair_is_that_of_the_two_scores(facts: Facts) -> None:
    scores = facts.benchmarks[0].scores
    (pair,) = [pair for pair in facts.pairs if {pair.first, pair.second} == {"good", "poor"}]
    expected = scores[pair.first]["metrics"]["accuracy"] - scores[pair.second]["metrics"]["accuracy"]
    assert pair.metric == "accuracy" and pair.difference is not None
    assert round(pair.difference.value, 9) == round(expected, 9)
    assert {pair.first_only, pair.second_only} == {0, 4} and len(pair.flipped) == 4


def test_a_pair_is_compared_on_the_questions_that_both_answered(facts: Facts) -> None:
    pairs = {frozenset((pair.first, pair.second)): pair for pair in facts.pairs}
    assert pairs[frozenset(("good", "gap"))].units == 23 and pairs[frozenset(("good", "poor"))].units == 24


def test_a_score_that_its_verdicts_do_not_yield_is_compared_by_its_mean_grade(tmp_path: Path) -> None:
    files = report_files(tmp_path, {"one": right, "two": wrong_about("1")})
    content = json.loads(files.scores[0].read_text())
    content["runs"]["one"]["metrics"]["accuracy"] = 0.123
    files.scores[0].write_text(pretty_json(content))
    (pair,) = read_facts(report_settings(["one", "two"]), files).pairs
    assert pair.metric == MEAN_GRADE and pair.difference is not None
    assert round(pair.difference.value, 9) == round(1 / 24, 9)


def test_only_a_run_above_all_others_is_the_best(tmp_path: Path) -> None:
    many = [str(number) for number in range(1, 9)]
    apart = report_facts(tmp_path / "a", {"good": right, "poor": wrong_about(*many), "bad": wrong_about(*many)}, 4)
    assert best_run(apart.runs, apart.pairs) == "good"
    equal = report_facts(tmp_path / "b", {"good": right, "too": right, "bad": wrong_about(*many)}, 4)
    assert best_run(equal.runs, equal.pairs) is None
    assert '<span class="best">' in whole_page(apart) and '<span class="best">' not in whole_page(equal)


def test_a_comparison_is_one_sentence(tmp_path: Path) -> None:
    runs: dict[str, Say] = {"good": right, "poor": wrong_about(*map(str, range(1, 9)))}
    facts = report_facts(tmp_path, {**runs, "yes": lambda question, gold: "Yes"})
    rows = [row for each in differences.context(facts)["comparisons"] for row in each["rows"]]
    texts = {(row["pair"].first, row["pair"].second): row["sentence"] for row in rows}
    assert re.fullmatch(
        r"good is \d+\.\d points above poor on pope \(accuracy, 95 % interval \d+\.\d to \d+\.\d\)\.",
        texts["good", "poor"],
    )
    assert texts["good", "yes"].endswith(" yes is marked collapsed.")


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.026, -0.008, "half is not worse than full by the margin of 3 points."),
        (0.008, 0.026, "full is not worse than half by the margin of 3 points."),
        (-0.031, 0.002, None),
        (-0.002, 0.031, None),
    ],
)
def test_a_loss_within_the_margin_is_stated_where_the_whole_interval_shows_it(
    low: float, high: float, expected: str | None
) -> None:
    difference = Difference((low + high) / 2, low, high, 0.01)
    pair = Pair("pope", "half", "full", "accuracy", difference, 100, 3, 5, 0.7, 0.7, ())
    assert differences.loss_within(pair, 0.03) == expected


def test_the_margin_of_a_study_is_in_its_sentences(tmp_path: Path) -> None:
    facts = report_facts(tmp_path, {"one": right, "two": right})
    [row] = differences.context(replace(facts, margin=0.03))["comparisons"][0]["rows"]
    assert row["sentence"].endswith("two is not worse than one by the margin of 3 points.")


def test_equal_runs_are_no_difference_that_a_number_of_questions_would_tell(tmp_path: Path) -> None:
    facts = report_facts(tmp_path, {"one": right, "two": right})
    text = differences.sentence(facts.pairs[0], 100, " points")
    assert (
        text == "No difference is shown on pope: one minus two is between 0.0 and 0.0 points (accuracy, 95 % interval)."
    )


def test_hostile_texts_are_texts(tmp_path: Path) -> None:
    runs = {"one": lambda question, gold: HOSTILE + question.id, "two": right}
    text = whole_page(report_facts(tmp_path, runs, title=f"<b>{HOSTILE}"))
    reader = Reader(text)
    tags = {tag for tag, _ in reader.elements}
    assert not tags & {"img", "b", "iframe", "object", "link"}
    assert set(reader.scripts) == {"page", "samples-data"}
    assert "alert(1)" not in reader.scripts["page"] and "alert(1)" in reader.scripts["samples-data"]
    assert not [name for _, attributes in reader.elements for name in attributes if name.startswith("on")]
    assert not set(text) & set("\x00\x1b\u202e\u2028")
    answers = json.loads(reader.scripts["samples-data"])["texts"]
    assert any(each.startswith("</script><script>alert(1)") for each in answers)


def test_a_page_runs_its_script_and_style_alone_and_loads_nothing(facts: Facts) -> None:
    reader = Reader(whole_page(facts))
    (policy,) = [each["content"] for tag, each in reader.elements if each.get("http-equiv")]
    assert "default-src 'none'" in policy and "unsafe" not in policy and policy.count("sha256-") == 2
    loaded = [(tag, name) for tag, each in reader.elements for name in each if name in ("src", "srcset", "style")]
    links = [each["href"] for _, each in reader.elements if "href" in each]
    assert loaded == [] and all(link.startswith("#") for link in links)


def test_every_link_leads_somewhere_and_every_table_has_headings(facts: Facts) -> None:
    reader = Reader(whole_page(facts))
    ids = [each["id"] for _, each in reader.elements if "id" in each]
    assert len(ids) == len(set(ids)), "an id is there twice"
    links = {each["href"] for _, each in reader.elements if "href" in each}
    assert {link for link in links if not link.startswith("#answer=")} <= {f"#{each}" for each in ids}
    assert [each for tag, each in reader.elements if tag == "th" and "scope" not in each] == []


def test_long_answers_are_cut_so_that_the_page_stays_small(tmp_path: Path) -> None:
    runs = {"one": lambda question, gold: question.id + gold * 50_000, "two": right}
    text = whole_page(report_facts(tmp_path, runs, images=40))
    assert len(text) < 12_000_000 and "Texts are cut after 20,000 characters" in text


def test_a_score_of_another_protocol_is_refused(tmp_path: Path) -> None:
    files = report_files(tmp_path, {"one": right})
    settings = report_settings(["one"])
    other = settings.model_copy(
        update={"benchmarks": [each.model_copy(update={"protocol": "internvl12"}) for each in settings.benchmarks]}
    )
    with pytest.raises(PipelineError, match="another benchmark or protocol"):
        read_facts(other, files)


def test_a_study_reports_its_scored_benchmarks_and_every_section() -> None:
    settings = report_stages.report(load_study(ROOT / "config.yaml"), "config")
    assert [each.name for each in settings.benchmarks] == ["pope", "scienceqa", "mmbench", "vqa"]
    assert settings.sections == section_names() and {"scores", "samples"} <= set(settings.sections)
    assert (settings.option, report_stages.report(load_study(ROOT / "studies/mini.yaml"), "mini").option) == (
        "",
        " --study mini",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("a\x00\x1b", "a\u2400\u241b"),
        ("\u202eabc", "⟨U+202E⟩abc"),
        ("\x85\ufeff", "⟨U+0085⟩⟨U+FEFF⟩"),
        ("שלום, नमस्ते 👩\u200d🔬", "שלום, नमस्ते 👩\u200d🔬"),
    ],
)
def test_control_characters_are_visible_and_scripts_of_the_world_unchanged(text: str, expected: str) -> None:
    assert visible(text) == expected


def test_small_benchmarks_are_listed_whole_and_large_ones_share_the_rest() -> None:
    assert shares({"large": 200_000, "small": 10, "other": 90_000}, 1010) == {"large": 500, "small": 10, "other": 500}
    assert shares({"a": 3, "b": 4}) == {"a": 3, "b": 4} and shares({}) == {}
    assert spread(10, 5) == [0, 2, 4, 6, 8] and spread(3, 3) == [0, 1, 2] and spread(3, 0) == []


def test_a_text_is_cut_with_a_note() -> None:
    assert longest(["a" * 300] * 10, 2000) == 200 and longest(["a" * 300], 2000) == 100_000
    assert cut("abcdef", 3) == "abc… [3 more characters]" and cut("abc", 3) == "abc"


def test_numbers_have_a_typographic_sign_and_zero_has_none() -> None:
    assert [signed(each) for each in (0.04, -0.04, 1.26, -1.26)] == ["0.0", "0.0", "+1.3", "\u22121.3"]
    assert number(None) == "\u2013" and interval(None) == ""


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.61, 0.92), (-3.0, 1200.0), (5.0, 5.0), (0.0, 0.0)])
def test_an_axis_has_round_numbers_that_enclose_the_values(low: float, high: float) -> None:
    ticks = round_numbers(low, high)
    assert ticks[0] <= low and ticks[-1] >= high and 2 <= len(ticks) <= 8
    chart = interval_chart([("run", low, [low, high], "")])
    assert 0 <= chart.rows[0].at <= chart.width


def test_curves_are_drawn_and_one_that_does_not_fall_is_marked(tmp_path: Path) -> None:
    losses = {
        "falls": [1 / step for step in range(1, 401)],
        "rises": [step / 400 for step in range(1, 401)],
        "none": [],
    }
    curves = {name: tmp_path / f"{name}.curve.csv" for name in losses}
    for name, values in losses.items():
        write_curve(curves[name], [Step(number, loss, 0.001, 1.0) for number, loss in enumerate(values, 1)])
    files = replace(report_files(tmp_path / "study", {"one": right}), curves=curves)
    rows = Reader(whole_page(read_facts(report_settings(["one"]), files))).rows
    (falls,), (rises,) = ([row for row in rows if row[0] == name] for name in ("falls", "rises"))
    assert falls[1:3] == ["400", f"{sum(losses['falls'][:40]) / 40:.4g}"] and falls[6] == ""
    assert rises[6].startswith("not_falling") and not [row for row in rows if row[0] == "none"]


def test_a_curve_has_as_many_points_as_can_be_seen() -> None:
    chart = curve_chart([5.0, float("nan"), *([1.0] * 5000)])
    assert len(chart.thin.split()) == 300 and len(chart.thick.split()) == 30
    points = [tuple(map(float, point.split(","))) for point in chart.thin.split()]
    assert all(0 <= x <= chart.width and 0 <= y <= chart.bottom for x, y in points)
    assert points[0][1] < points[-1][1], "a higher loss is further up"


def test_images_and_rows_that_were_left_out_are_counted_with_their_reasons(tmp_path: Path) -> None:
    health, rejected = tmp_path / "health.json", tmp_path / "rows.jsonl"
    health.write_text(pretty_json({"kept: JPEG": 1200, "quarantined: empty file": 2, "quarantined: cut off": 1}))
    rejected.write_text("".join(json.dumps({"row": n, "reason": f"no image (file {n})"}) + "\n" for n in range(3)))
    files = replace(
        report_files(tmp_path / "study", {"one": right}), health={"photos": health}, rejected={"mix": rejected}
    )
    rows = Reader(whole_page(read_facts(report_settings(["one"]), files))).rows
    assert ["quarantined", "3", "cut off 1 · empty file 2"] in rows and ["mix", "3", "no image 3"] in rows
    assert [row[1:] for row in rows if row[0].startswith("photos")] == [["kept", "1,200", "JPEG 1,200"]]


def test_the_cost_is_that_of_the_records_and_a_running_job_has_none(tmp_path: Path) -> None:
    for name, seconds in (("full", 3725.0), ("half", 61.0)):
        record = Record("train", {}, "c0de", {}, {})
        path = tmp_path / "records/train" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        record.write(path, 0, None)
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, "seconds": seconds}))
    (tmp_path / "records/train/tenth.json").write_text("")
    (tmp_path / "records/train/old.json").write_text("{")
    files = replace(report_files(tmp_path / "study", {"one": right}), records=tmp_path / "records")
    facts = read_facts(report_settings(["one"]), files)
    assert ["train", "2", "1 h 3 min", "full", "1 h 2 min"] in Reader(whole_page(facts)).rows


def test_a_matrix_has_the_counts_of_the_score_file(facts: Facts) -> None:
    named = {f"confusion/{right}/{named}": float(right * 3 + named) for right in range(2) for named in range(3)}
    score = {**facts.benchmarks[0].scores["good"], "metrics": {"f1": 0.5, "accuracy": 0.5, "yes": 0.5, **named}}
    graded = replace(facts.benchmarks[0], scores={**facts.benchmarks[0].scores, "good": score})
    (matrix,) = confusion.context(replace(facts, benchmarks=(graded,)))["matrices"]
    assert [[cell["count"] for cell in row["cells"]] for row in matrix["rows"]] == [[0, 1, 2], [3, 4, 5]]
    assert [row["recall"] for row in matrix["rows"]] == [0.0, 4 / 12] and not confusion.wanted(facts)


def test_the_section_on_the_page_of_documentation_is_a_whole_section(facts: Facts, tmp_path: Path) -> None:
    text = (ROOT / "docs/report.md").read_text()
    (tmp_path / "marks.py").write_text(text.split("```python\n")[1].split("```")[0])
    (tmp_path / "marks.html").write_text(text.split("```html\n")[1].split("```")[0])
    spec = importlib.util.spec_from_file_location("marks", tmp_path / "marks.py")
    assert spec is not None and spec.loader is not None
    marks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(marks)
    assert marks.wanted(facts) and "<li>pope: gap</li>" in page(facts, [marks])
