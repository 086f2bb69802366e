(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const SIZE = 100, byId = (id) => document.getElementById(id);
  const text = (name, i) => data.texts[name].values[data.texts[name].codes[i]];
  const label = (i) => text("config", i) + "/" + text("run", i);
  const claims = data.claims.values.map((each) => JSON.parse(each));
  const short = Fourfold.short;
  const metricNames = Object.keys(data.metrics);
  const state = { q: "", template: "", status: "", verdict: "", metric: "", sort: "started", down: true, page: 0, runs: new Set(), compare: false };

  // The view is kept in the address, so that it can be shared and the way back works.
  function read() {
    const kept = new URLSearchParams(location.hash.slice(1));
    for (const name of ["q", "template", "status", "verdict", "metric"]) state[name] = kept.get(name) || "";
    state.sort = kept.get("sort") || "started";
    state.down = kept.get("down") !== "0";
    state.page = Number(kept.get("page")) || 0;
    const names = new Map(Array.from({ length: data.count }, (_, i) => [label(i), i]));
    state.runs = new Set((kept.get("runs") || "").split(";").map((name) => names.get(name)).filter((i) => i !== undefined));
    if (kept.get("runs") === "*") state.runs = new Set(rows());
    state.compare = state.runs.size > 1;
  }
  function write() {
    const kept = new URLSearchParams();
    for (const name of ["q", "template", "status", "verdict", "metric"]) if (state[name]) kept.set(name, state[name]);
    if (state.sort !== "started" || !state.down) { kept.set("sort", state.sort); kept.set("down", state.down ? "1" : "0"); }
    if (state.page) kept.set("page", state.page);
    if (state.compare && state.runs.size <= 50) kept.set("runs", [...state.runs].map(label).join(";"));
    else if (state.compare) kept.set("runs", "*");
    history.replaceState(null, "", "#" + kept);
  }

  // What is searched, made once: lower case, parameters included.
  let searched = null;
  function haystack() {
    if (!searched) {
      const names = Object.keys(data.parameters);
      searched = Array.from({ length: data.count }, (_, i) => (label(i) + " " + text("template", i) + " " + text("said", i) + " " + names.map((name) => {
        const column = data.parameters[name], value = column.values[column.codes[i]];
        return value === null ? "" : name + "=" + value;
      }).join(" ")).toLowerCase());
    }
    return searched;
  }
  function rows() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean), hay = words.length ? haystack() : null, found = [];
    for (let i = 0; i < data.count; i++) {
      if (state.template && text("template", i) !== state.template) continue;
      if (state.status && text("status", i) !== state.status) continue;
      if (state.verdict && text("verdict", i) !== state.verdict) continue;
      if (words.every((word) => hay[i].includes(word))) found.push(i);
    }
    return found;
  }
  const KEYS = {
    run: label, started: (i) => text("started", i), template: (i) => text("template", i), status: (i) => text("status", i), verdict: (i) => text("verdict", i),
    said: (i) => text("said", i), seconds: (i) => data.numbers.seconds[i], cpu: (i) => data.numbers.cpu[i],
    metric: (i) => { const found = data.metrics[state.metric] && data.metrics[state.metric][i]; return found ? found[0] : null; },
  };
  function sorted(found) {
    const key = KEYS[state.sort] || KEYS.started, keyed = found.map((i) => [key(i), i]), sign = state.down ? -1 : 1;
    // What has no value comes last, whichever way.
    keyed.sort((a, b) => (a[0] === null) - (b[0] === null) || (a[0] < b[0] ? -sign : a[0] > b[0] ? sign : a[1] - b[1]));
    return keyed.map((each) => each[1]);
  }

  const add = Fourfold.add;
  const HEAD = [["run", "Run"], ["template", "Template"], ["status", "Status"], ["verdict", "Verdict"], ["said", "Answer or error"], ["evidence", "Evidence"], ["metric", ""], ["started", "Started, UTC"], ["seconds", "Time, s"], ["cpu", "CPU, s (Wh)"]];
  const TITLES = new Map(HEAD);
  const NUMBERS = new Set(["metric", "seconds", "cpu"]);
  function head() {
    const row = byId("runs").tHead; row.replaceChildren();
    const line = add(row, "tr");
    add(add(line, "th", { scope: "col" }), "span", {}, "Choose");
    for (const [name, title] of HEAD) {
      if (name === "metric" && !state.metric) continue;
      const cell = add(line, "th", { scope: "col", class: NUMBERS.has(name) ? "number" : "" });
      if (name === "evidence") { cell.textContent = title; continue; }
      const mine = state.sort === name;
      cell.setAttribute("aria-sort", mine ? (state.down ? "descending" : "ascending") : "none");
      const button = add(cell, "button", { type: "button", "data-sort": name }, (name === "metric" ? state.metric : title) + (mine ? (state.down ? " ▼" : " ▲") : ""));
      button.addEventListener("click", () => { state.down = mine ? !state.down : NUMBERS.has(name) || name === "started"; state.sort = name; state.page = 0; show(); byId("runs").querySelector(`[data-sort="${name}"]`).focus(); });
    }
  }
  // The same on a phone, where a run is a card and there are no headings.
  function sorting() {
    const select = byId("sort"); select.replaceChildren();
    for (const [name, title] of HEAD) {
      if (name === "evidence" || (name === "metric" && !state.metric)) continue;
      for (const down of [true, false]) add(select, "option", { value: name + (down ? ":1" : ":0") }, (name === "metric" ? state.metric : title) + (down ? " ▼" : " ▲"));
    }
    select.value = state.sort + (state.down ? ":1" : ":0");
  }
  function body(found) {
    const rowsOf = byId("runs").tBodies[0]; rowsOf.replaceChildren();
    const part = document.createDocumentFragment();
    for (const i of found.slice(state.page * SIZE, (state.page + 1) * SIZE)) {
      const line = add(part, "tr");
      const box = add(add(line, "td"), "input", { type: "checkbox", "aria-label": "Choose " + label(i) });
      box.checked = state.runs.has(i);
      box.addEventListener("change", () => { if (box.checked) state.runs.add(i); else state.runs.delete(i); chosen(); });
      const name = add(line, "td", { class: "run" });
      add(name, "a", { href: encodeURI(label(i)) + "/report.html" }, label(i));
      add(line, "td", { "data-name": "template" }, text("template", i));
      add(line, "td", { class: "status " + text("status", i), "data-name": "status" }, text("status", i).replace("_", " "));
      add(line, "td", { class: "status " + text("verdict", i), "data-name": "verdict" }, text("verdict", i));
      add(line, "td", { class: "said" }, text("said", i));
      evidence(add(line, "td"), i);
      if (state.metric) metric(add(line, "td", { class: "number", "data-name": state.metric }), i);
      add(line, "td", { "data-name": "started" }, text("started", i).replace("T", " "));
      const cost = short(data.numbers.cpu[i]), energy = short(data.numbers.energy[i]);
      add(line, "td", { class: "number", "data-name": TITLES.get("seconds") }, short(data.numbers.seconds[i]));
      add(line, "td", { class: "number", "data-name": TITLES.get("cpu") }, cost + (energy ? " (" + energy + ")" : ""));
    }
    rowsOf.append(part);
  }
  function evidence(cell, i) {
    for (const [name, condition, verdict] of claims[data.claims.codes[i]]) {
      const found = (data.metrics[name] || [])[i], line = add(cell, "div", { class: "claim" });
      add(line, "b", { class: verdict }, name + " " + (found ? short(found[0]) : "none") + " (" + condition + ")");
      if (found && found[1] !== null) line.append(Fourfold.interval(found, condition, verdict, name));
    }
  }
  function metric(cell, i) {
    const found = data.metrics[state.metric][i];
    cell.textContent = found ? short(found[0]) + (found[1] !== null ? " (" + short(found[1]) + " to " + short(found[2]) + ")" : "") : "";
  }

  function chosen() {
    byId("go").disabled = state.runs.size < 2;
    byId("go").textContent = state.compare ? "Close comparison" : state.runs.size ? "Compare " + state.runs.size : "Compare";
    if (state.compare && state.runs.size < 2) state.compare = false;
    byId("comparison").hidden = !state.compare;
    if (state.compare) Fourfold.compare(byId("comparison"), data, [...state.runs], { label, text, metric: state.metric });
    write();
  }
  function show() {
    const found = sorted(rows()), last = Math.max(0, Math.ceil(found.length / SIZE) - 1);
    state.page = Math.min(state.page, last);
    head(); sorting(); body(found);
    byId("told").textContent = found.length.toLocaleString("en") + " of " + data.count.toLocaleString("en") + " runs shown";
    byId("page").textContent = "Page " + (state.page + 1) + " of " + (last + 1);
    byId("back").disabled = !state.page; byId("next").disabled = state.page >= last;
    document.querySelector(".pages").hidden = !last;
    for (const name of ["q", "template", "status", "verdict", "metric"]) byId(name).value = state[name];
    chosen();
  }
  function options(id, values, all) {
    const select = byId(id); add(select, "option", { value: "" }, all);
    for (const value of values) add(select, "option", { value }, value.replace("_", " "));
  }
  const total = (name) => data.numbers[name].reduce((sum, each) => sum + (each || 0), 0);
  const count = (name, value) => { const at = data.texts[name].values.indexOf(value); return at < 0 ? 0 : data.texts[name].codes.reduce((sum, code) => sum + (code === at), 0); };
  byId("summary").textContent = [data.count.toLocaleString("en") + " runs", count("status", "ok").toLocaleString("en") + " ok", (data.count - count("status", "ok")).toLocaleString("en") + " not",
    ...["supported", "inconclusive", "refuted"].map((each) => count("verdict", each).toLocaleString("en") + " " + each), short(total("cpu")) + " s CPU", "about " + short(total("energy")) + " Wh"].join(" · ");
  options("template", [...data.texts.template.values].sort(), "all"); options("status", [...data.texts.status.values].sort(), "all");
  options("verdict", [...data.texts.verdict.values].sort(), "all"); options("metric", metricNames, "none");
  const list = document.querySelector("#batches ul");
  for (const batch of data.batches) add(add(list, "li"), "a", { href: batch.table }, batch.time.replace("T", " "));
  document.querySelector("#batches summary").textContent = "Batches (" + data.batches.length + ")";
  let waiting = 0;
  byId("q").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { state.q = byId("q").value; state.page = 0; show(); }, 120); });
  for (const name of ["template", "status", "verdict", "metric"]) byId(name).addEventListener("change", () => { state[name] = byId(name).value; state.page = 0; if (name === "metric") { state.sort = state.metric ? "metric" : "started"; state.down = true; } show(); });
  byId("sort").addEventListener("change", () => { const [name, down] = byId("sort").value.split(":"); state.sort = name; state.down = down === "1"; state.page = 0; show(); });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("reset").addEventListener("click", () => { location.hash = ""; read(); show(); });
  byId("all").addEventListener("click", () => { state.runs = new Set(rows()); show(); });
  byId("none").addEventListener("click", () => { state.runs.clear(); show(); });
  byId("go").addEventListener("click", () => { state.compare = !state.compare; chosen(); if (state.compare) byId("comparison").scrollIntoView(); });
  byId("back").addEventListener("click", () => { state.page--; show(); }); byId("next").addEventListener("click", () => { state.page++; show(); });
  addEventListener("hashchange", () => { read(); show(); });
  read(); show();
})();
