// The list of samples: only the visible rows are in the document. All texts go in as text, never as HTML.
(() => {
  "use strict";
  const ROW = 34; // pixels, as in the style sheet
  const [ID, PART, PROMPT, GOLD, IMAGES, ANSWERS] = [0, 1, 2, 3, 4, 5]; // of a row
  const [ANSWER, EXTRACTED, RULE, STATUS, GRADE, OWN_PROMPT] = [0, 1, 2, 3, 4, 5]; // of an answer
  const element = (name) => document.getElementById(`samples-${name}`);
  const data = JSON.parse(element("data").textContent);
  const text = (number) => (number === undefined || number < 0 ? "" : data.texts[number]);
  const rows = data.benchmarks.flatMap((each) => each.rows.map((row) => ({ benchmark: each.name, row })));
  const lower = data.texts.map((each) => each.toLowerCase());
  let matching = rows.map((_, index) => index);
  let chosen = 0; // a position in `matching`

  const node = (tag, content = "", attributes = {}) => {
    const made = document.createElement(tag);
    made.textContent = content;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };

  const verdict = (answer) => {
    const status = text(answer[STATUS]);
    if (status === "missing" || status === "failed" || status === "unjudged") return status;
    return answer[GRADE] === 1 ? "right" : answer[GRADE] === 0 ? "wrong" : "partly";
  };
  const SYMBOLS = { right: "✓", wrong: "✗", partly: "½" };
  const symbol = (answer) => SYMBOLS[verdict(answer)] || "–";
  const colour = (answer) => (verdict(answer) === "right" ? "yes" : "no");

  const hasText = (row, hits) => [ID, PROMPT, GOLD, IMAGES].some((key) => hits[row[key]]) ||
    row[ANSWERS].some((answer) => hits[answer[ANSWER]] || hits[answer[EXTRACTED]]);

  const filters = () => ({
    benchmark: element("benchmark").value,
    part: element("part").value,
    run: data.runs.indexOf(element("run").value),
    verdict: element("verdict").value,
    status: element("status").value,
    disagree: element("disagree").checked,
    words: element("search").value.toLowerCase().trim(),
  });

  const matches = ({ benchmark, row }, wanted, hits) => {
    if (wanted.benchmark && benchmark !== wanted.benchmark) return false;
    if (wanted.part && text(row[PART]) !== wanted.part) return false;
    const answers = wanted.run < 0 ? row[ANSWERS] : [row[ANSWERS][wanted.run]];
    const fits = (answer) =>
      (!wanted.verdict || verdict(answer) === wanted.verdict) && (!wanted.status || text(answer[STATUS]) === wanted.status);
    if (!answers.some(fits)) return false;
    if (wanted.disagree && row[ANSWERS].every((answer) => answer[GRADE] === row[ANSWERS][0][GRADE])) return false;
    return !hits || hasText(row, hits);
  };

  const filter = () => {
    const wanted = filters();
    const hits = wanted.words && lower.map((each) => each.includes(wanted.words)); // each text is searched once
    const before = matching[chosen];
    matching = [];
    rows.forEach((each, index) => matches(each, wanted, hits) && matching.push(index));
    chosen = Math.max(0, matching.indexOf(before));
    element("count").textContent = `${matching.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} questions`;
    element("spacer").style.height = `${matching.length * ROW}px`;
    element("list").scrollTop = Math.max(0, (chosen - 2) * ROW);
    draw();
    detail();
  };

  const option = (position) => {
    const { benchmark, row } = rows[matching[position]];
    const line = node("div", "", {
      role: "option", id: `samples-row-${position}`, "aria-selected": position === chosen,
      "aria-posinset": position + 1, "aria-setsize": matching.length,
    });
    line.style.top = `${position * ROW}px`;
    line.append(node("span", `${benchmark} ${text(row[ID])}`, { class: "id" }));
    const marks = node("span", "", { class: "marks" });
    row[ANSWERS].forEach((answer, run) =>
      marks.append(node("span", symbol(answer), { class: colour(answer), title: `${data.runs[run]}: ${verdict(answer)}` })));
    line.append(marks, node("bdi", text(row[PROMPT]).slice(0, 200), { class: "prompt" }));
    line.addEventListener("click", () => choose(position));
    return line;
  };

  const draw = () => {
    const list = element("list");
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 4);
    const last = Math.min(matching.length, first + Math.ceil(list.clientHeight / ROW) + 8);
    const lines = [];
    for (let position = first; position < last; position += 1) lines.push(option(position));
    element("spacer").replaceChildren(...lines);
    if (matching.length) list.setAttribute("aria-activedescendant", `samples-row-${chosen}`);
    else list.removeAttribute("aria-activedescendant");
  };

  const choose = (position) => {
    if (!matching.length) return;
    const list = element("list");
    chosen = Math.min(Math.max(position, 0), matching.length - 1);
    const top = chosen * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
    draw();
    detail();
  };

  const answerRow = (answer, run) => {
    const line = node("tr");
    const about = node("td", "", { class: "text" });
    about.append(node("span", `${symbol(answer)} ${verdict(answer)}`, { class: colour(answer) }));
    if (verdict(answer) === "partly") about.append(` ${answer[GRADE]}`);
    const raw = node("td", "", { class: "text" });
    raw.append(node("pre", text(answer[ANSWER]), { dir: "auto" }));
    if (answer[OWN_PROMPT] !== undefined) {
      raw.append(node("p", "asked otherwise:", { class: "soft" }), node("pre", text(answer[OWN_PROMPT]), { dir: "auto" }));
    }
    const extracted = node("td", "", { class: "text" });
    extracted.append(node("bdi", text(answer[EXTRACTED]) || "–"));
    line.append(node("th", data.runs[run], { scope: "row" }), about, raw, extracted,
      node("td", `${text(answer[RULE])}, ${text(answer[STATUS])}`, { class: "text" }));
    return line;
  };

  const table = (answers) => {
    const whole = node("table");
    const head = node("tr");
    for (const name of ["run", "verdict", "raw answer", "extracted", "rule, status"]) head.append(node("th", name, { scope: "col", class: "text" }));
    whole.createTHead().append(head);
    whole.createTBody().append(...answers.map(answerRow));
    return whole;
  };

  const detail = () => {
    if (!matching.length) {
      element("detail").replaceChildren(node("p", "No question matches."));
      return;
    }
    const { benchmark, row } = rows[matching[chosen]];
    const about = [text(row[PART]), text(row[IMAGES])].filter(Boolean).join(" · ");
    const wide = node("div", "", { class: "wide" });
    wide.append(table(row[ANSWERS]));
    element("detail").replaceChildren(node("h3", `${benchmark} ${text(row[ID])}`), node("p", about, { class: "soft" }),
      node("h4", "Question"), node("pre", text(row[PROMPT]), { dir: "auto" }),
      node("h4", "Gold"), node("pre", text(row[GOLD]), { dir: "auto" }), node("h4", "Answers"), wide);
  };

  const fillParts = () => {
    const name = element("benchmark").value;
    const parts = data.benchmarks.filter((each) => !name || each.name === name).flatMap((each) => each.parts);
    const options = [...new Set(parts)].map((part) => node("option", part, { value: part }));
    element("part").replaceChildren(node("option", "all", { value: "" }), ...options);
  };

  const open = () => { // a link such as #answer=pope/17
    const [, benchmark, id] = decodeURIComponent(location.hash).match(/^#answer=([^/]+)\/([^]*)$/) || [];
    const index = rows.findIndex((each) => each.benchmark === benchmark && text(each.row[ID]) === id);
    if (index < 0) return;
    for (const name of ["benchmark", "run", "verdict", "status", "search"]) element(name).value = "";
    element("disagree").checked = false;
    fillParts();
    filter();
    choose(matching.indexOf(index));
    element("browser").scrollIntoView({ block: "start" });
    element("list").focus({ preventScroll: true });
  };

  const keys = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
  element("list").addEventListener("keydown", (event) => {
    if (!(event.key in keys)) return;
    event.preventDefault();
    choose(chosen + keys[event.key]);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    event.preventDefault();
    element("search").focus();
  });
  element("list").addEventListener("scroll", draw, { passive: true });
  element("filters").addEventListener("input", (event) => {
    if (event.target === element("benchmark")) fillParts();
    filter();
  });
  addEventListener("hashchange", open);
  addEventListener("resize", draw);
  element("filters").hidden = element("browser").hidden = false;
  fillParts();
  filter();
  open();
})();
