// The page of all runs: what is best, what failed and why; filtered, grouped, sorted, drawn, saved.
(function () {
  "use strict";
  const { add, short, scale, statistics, charts } = Fourfold, byId = (id) => document.getElementById(id);
  const SIZE = 50, MOST_COLUMNS = 12, MOST_AXES = 8, MOST_CAUSES = 8, MOST_CARDS = 120, SIGNS = { supported: "✔", refuted: "✘", inconclusive: "?" }, REPEAT = /(^|_)(seed|fold|repeat|repetition)$/;
  const SELECTS = ["config", "status", "verdict"], CHOICES = ["q", ...SELECTS, "cause", "metric", "low", "group", "axis", "sort", "down", "view"];
  const state = { only: new Map(), logs: new Map(), page: 0, runs: new Set(), compare: false };
  let data, everything, claims, varied, ended, searched, pictures = new Map();

  // One run.
  const text = (name, i) => data.texts[name].values[data.texts[name].codes[i]];
  const label = (i) => text("config", i) + "/" + text("run", i);
  const value = (name, i) => { const column = data.parameters[name]; return column ? column.values[column.codes[i]] : null; };
  const result = (name, i) => (data.metrics[name] || [])[i] || null;
  const score = (i) => { const each = result(state.metric, i); return each ? each[0] : null; };
  const ok = (i) => text("status", i) === "ok" || text("status", i) === "unchanged";
  const number = (v) => v === null || v === undefined || String(v).trim() === "" ? NaN : Number(v);
  const plain = (v) => { const n = number(v); return v && v.length > 9 && isFinite(n) && !Number.isInteger(n) ? String(Number(n.toPrecision(5))) : v; };
  const times = (n, noun) => n.toLocaleString("en") + " " + noun + (n === 1 ? "" : "s");
  const spread = ([v, low, high]) => short(v) + (low === null || isNaN(low) ? "" : ` (${short(low)} to ${short(high)})`);
  const counted = (items) => { const counts = new Map(); for (const item of items) counts.set(item, (counts.get(item) || 0) + 1); return counts; };
  const every = () => everything;

  function load(content) {
    data = content; searched = null; if (data.cards) pictures = new Map(data.cards.map((each) => [each.run, each.picture])); everything = Array.from({ length: data.count }, (_, i) => i);
    claims = data.claims.values.map((each) => JSON.parse(each));
    varied = data.varied.values.map((each) => JSON.parse(each));
    ended = every().map((i) => Date.parse(text("started", i) + "Z") + 1000 * (data.numbers.seconds[i] || 0));
    choices();
  }

  // The view is kept in the address, so that it can be shared and the way back works.
  function read() {
    const kept = new URLSearchParams(location.hash.slice(1)), names = new Map(every().map((i) => [label(i), i]));
    for (const name of CHOICES) state[name] = kept.get(name) || "";
    state.group = kept.get("group"); state.bad = kept.has("bad"); state.page = Number(kept.get("page")) || 0;
    state.only = new Map([...kept].filter(([name]) => name.startsWith("only.")).map(([name, wanted]) => [name.slice(5), wanted]));
    state.logs = new Map([...kept].filter(([name]) => name.startsWith("log.")).map(([name, wanted]) => [name.slice(4), wanted === "1"]));
    settle();
    const meant = (name) => name.endsWith("/*") ? every().filter((i) => text("config", i) === name.slice(0, -2)) : [names.get(name)];
    state.runs = new Set((kept.get("runs") || "").split(";").flatMap(meant).filter((i) => i !== undefined));
    if (kept.get("runs") === "*") state.runs = new Set(rows());
    state.compare = state.runs.size > 1;
  }
  function write() {
    const kept = new URLSearchParams(), usual = usually();
    for (const name of CHOICES) if (state[name] !== usual[name]) kept.set(name, state[name]);
    for (const [name, wanted] of state.only) kept.set("only." + name, wanted);
    for (const [name, wanted] of state.logs) kept.set("log." + name, wanted ? "1" : "0");
    if (state.bad) kept.set("bad", "1");
    if (state.page) kept.set("page", state.page);
    if (state.compare) kept.set("runs", state.runs.size <= 50 ? [...state.runs].map(label).join(";") : "*");
    history.replaceState(null, "", "#" + kept);
  }
  // What most pages are opened for: the sweep of the most runs, by its criterion, means over its seeds.
  function focus() {
    const counts = [...counted(data.texts.config.codes)].sort((a, b) => b[1] - a[1]);
    return state.config || (counts.length && counts[0][1] > 1 && 2 * counts[0][1] >= data.count ? data.texts.config.values[counts[0][0]] : "");
  }
  const claimOf = (metric) => { for (const each of claims) for (const claim of each) if (claim[0] === metric) return claim[1].trim(); return ""; };
  function usually() {
    const config = focus(), first = every().find((i) => text("config", i) === config && claims[data.claims.codes[i]].length);
    const directed = first === undefined ? [] : claims[data.claims.codes[first]].filter((c) => /^\s*[<>]/.test(c[1])).map((c) => c[0]);
    const metric = config ? directed[0] || Object.keys(data.metrics).find((name) => every().some((i) => text("config", i) === config && result(name, i))) || "" : "";
    const low = claimOf(state.metric || metric).startsWith("<") ? "1" : "0", swept = parameters(every().filter((i) => !config || text("config", i) === config));
    const sort = (state.metric || metric) ? "metric" : "started";
    return { q: "", config: "", status: "", verdict: "", cause: "", metric, low, group: swept.find((name) => REPEAT.test(name)) || "", axis: swept.find((name) => !REPEAT.test(name)) || "", sort, down: sort === "metric" ? (low === "1" ? "0" : "1") : "1", view: !focus() && data.texts.config.values.length > 1 && data.texts.config.values.length <= MOST_CARDS ? "cards" : "table" };
  }
  function settle() {
    if (state.metric && state.metric !== "none" && !data.metrics[state.metric]) state.metric = "";
    state.metric = state.metric || usually().metric;
    const usual = usually();
    for (const name of CHOICES) if (name === "group" ? state.group === null : !state[name]) state[name] = usual[name];
  }

  // Which runs are shown.
  function parameters(runs) {
    const codes = new Set(runs.map((i) => data.varied.codes[i])), names = new Set([...codes].flatMap((code) => varied[code]));
    return Object.keys(data.parameters).filter((name) => names.has(name)).slice(0, MOST_COLUMNS);
  }
  // The test of `--only`: an operator and a value, or alternatives; without an operator an equal value, else a text within.
  function condition(wanted, known) {
    const tests = wanted.trim().split(/\s+(?=[~<>=]|!=)/).filter(Boolean).map((part) => {
      const [, sign, rest] = part.match(/^(~|!=|<=|>=|=|<|>|)\s*([^]*)$/);
      if (!rest) throw new Error(`expected a value after ${sign}`);
      const ends = (rest.match(/"[^"]*"|'[^']*'|\[[^\]]*\]|[^|]+/g) || []).map((end) => end.trim().replace(/^(["'])(.*)\1$/, "$2"));
      const same = (v) => ends.some((end) => v === end || (number(v) === number(end)));
      if (sign === "~" || (!sign && !known.some(same))) {
        const glob = new RegExp(/[*?]/.test(rest) ? "^" + rest.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".") + "$" : rest.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i");
        return (v) => glob.test(v);
      }
      if (sign === "!=") return (v) => !same(v);
      if (!sign || sign === "=") return same;
      const bound = number(rest), order = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b }[sign];
      return isNaN(bound) ? (v) => isNaN(number(v)) && order(v, rest) : (v) => order(number(v), bound);
    });
    return (v) => v !== null && tests.every((test) => test(v));
  }
  function filters() {
    const made = [];
    for (const [name, wanted] of state.only) {
      const field = document.querySelector(`.filters input[data-only="${CSS.escape(name)}"]`), column = data.parameters[name];
      let problem = "";
      try {
        const known = column ? column.values.filter((v) => v !== null) : [], test = condition(wanted, known);
        if (column) { const fits = column.values.map(test); made.push((i) => fits[column.codes[i]]); }
        else if (data.metrics[name]) made.push((i) => { const each = result(name, i); return test(each && String(each[0])); });
      } catch (error) { problem = `${name}: ${error.message}`; }
      if (field) { field.title = problem; field.setAttribute("aria-invalid", problem ? "true" : "false"); }
    }
    return made;
  }
  function haystack() {  // made once: lower case, parameters included
    const names = Object.keys(data.parameters);
    searched = searched || every().map((i) => [label(i), text("template", i), text("question", i), text("said", i), text("cause", i), text("tags", i), text("note", i), text("accepted", i) && "accepted " + text("accepted", i), ...names.map((name) => { const v = value(name, i); return v === null ? "" : name + "=" + v; })].join(" ").toLowerCase());
    return searched;
  }
  function rows() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean), hay = words.length ? haystack() : null, tests = filters();
    return every().filter((i) => SELECTS.every((name) => !state[name] || text(name, i) === state[name]) && (!state.bad || !ok(i)) && (!state.cause || text("cause", i) === state.cause)
      && words.every((word) => hay[i].includes(word)) && tests.every((test) => test(i)));
  }
  // Runs that differ only in what repeats them; without such a parameter each by itself.
  function grouped(runs) {
    if (!state.group || state.bad || state.cause) return runs.map((i) => ({ i, runs: [i] }));
    const codes = Object.entries(data.parameters).filter(([name]) => name !== state.group && varied.some((names) => names.includes(name))).map(([, column]) => column.codes), groups = new Map();
    for (const i of runs) {
      const key = data.texts.config.codes[i] + "," + codes.map((each) => each[i]).join();
      if (groups.has(key)) groups.get(key).runs.push(i); else groups.set(key, { i, runs: [i] });
    }
    return [...groups.values()];
  }
  function judged(items) {  // gives each the mean of its metric, and returns the ranking
    const groups = [];
    for (const item of items) {
      const good = item.runs.filter((i) => ok(i) && score(i) !== null);
      item.mean = null;
      if (good.length) groups.push({ item, scores: good.map(score), intervals: good.map((i) => { const [, low, high] = result(state.metric, i); return low === null ? null : [low, high]; }), repeats: good.map((i) => state.group ? value(state.group, i) : null) });
    }
    const ranking = statistics.rank(groups, state.low === "1");
    for (const group of ranking.groups) group.item.mean = group.scores.length === 1 && ranking.noise !== "repeats" ? result(state.metric, group.item.runs.find((i) => score(i) !== null)) : [group.mean, group.low ?? null, group.high ?? null];
    return ranking;
  }
  const KEYS = {
    run: label, started: (i, item) => item.runs.reduce((last, each) => text("started", each) > last ? text("started", each) : last, ""), template: (i) => text("template", i), status: (i, item) => item.runs.filter(ok).length / item.runs.length, verdict: (i) => text("verdict", i),
    said: (i) => text("said", i), seconds: (i, item) => item.runs.reduce((sum, each) => sum + data.numbers.seconds[each], 0) / item.runs.length, cpu: (i) => data.numbers.cpu[i], metric: (i, item) => item.mean ? item.mean[0] : null, runs: (i, item) => item.runs.length,
  };
  function sorted(items) {
    const own = state.sort.startsWith("p.") && state.sort.slice(2), column = own && data.parameters[own], numeric = column && column.values.every((v) => v === null || !isNaN(number(v)));
    const key = own ? (i) => { const v = value(own, i); return numeric && v !== null ? Number(v) : v; } : KEYS[state.sort] || KEYS.started, sign = state.down === "1" ? -1 : 1;
    const keyed = items.map((item) => [key(item.i, item), item]);
    // What has no value comes last, whichever way.
    keyed.sort(([a, one], [b, other]) => (a === null) - (b === null) || (a < b ? -sign : a > b ? sign : one.i - other.i));
    return keyed.map((each) => each[1]);
  }

  // The table.
  const FIXED = [["status", "Status"], ["verdict", "Verdict"], ["said", "Question, and answer or error"], ["evidence", "Evidence"], ["started", "Started, UTC"], ["seconds", "Time, s"], ["cpu", "CPU, s (Wh)"]], NUMBERS = new Set(["metric", "seconds", "cpu", "runs"]);
  function headings(names, group, measured) {
    const templates = data.texts.template.values.length > 1;
    return [["run", group ? "Setting" : "Run"], ...(group ? [["runs", "Runs"]] : []), ...(templates ? [["template", "Template"]] : []), ...names.map((name) => ["p." + name, name]), ...(measured ? [["metric", state.metric + (group ? ", mean" : "")]] : []), ...FIXED.filter(([name]) => !group || !["said", "evidence", "cpu"].includes(name)).filter(([name]) => name !== "evidence" || !names.length || claims.some((each) => each.some((claim) => claim[0] !== state.metric)))];
  }
  let drawnHead = "";
  function head(titles) {
    const [line, below] = byId("runs").tHead.rows;
    if (drawnHead !== JSON.stringify(titles)) {  // else what is typed in a filter would be lost
      drawnHead = JSON.stringify(titles); line.replaceChildren(); below.replaceChildren();
      add(add(line, "th", { scope: "col" }), "span", {}, "Choose"); add(below, "td");
      for (const [name, title] of titles) {
        const cell = add(line, "th", { scope: "col", class: NUMBERS.has(name) ? "number" : "" }), own = name.startsWith("p.") ? name.slice(2) : name === "metric" ? state.metric : "", filter = add(below, "td");
        if (name === "evidence") cell.textContent = title;
        else add(cell, "button", { type: "button", "data-sort": name }).addEventListener("click", () => { state.down = state.sort === name ? String(1 - state.down) : name === "metric" ? (state.low === "1" ? "0" : "1") : NUMBERS.has(name) || name === "started" ? "1" : "0"; state.sort = name; state.page = 0; show(); });
        if (!own) continue;
        const field = add(filter, "input", { type: "text", "data-only": own, "aria-label": `Filter ${own}`, placeholder: own, autocomplete: "off", spellcheck: "false" });
        field.addEventListener("input", () => soon(() => only(own, field.value)));
      }
    }
    titles.forEach(([name, title], n) => {
      const mine = state.sort === name, button = line.cells[n + 1].firstElementChild;
      if (button) { line.cells[n + 1].setAttribute("aria-sort", mine ? (state.down === "1" ? "descending" : "ascending") : "none"); button.textContent = title + (mine ? (state.down === "1" ? " ▼" : " ▲") : ""); }
    });
    for (const field of below.querySelectorAll("input")) if (field !== document.activeElement || !state.only.has(field.dataset.only)) field.value = state.only.get(field.dataset.only) || "";
    const select = byId("sort"); select.replaceChildren();  // the same on a phone, where a run is a card
    for (const [name, title] of titles) if (name !== "evidence") for (const down of ["1", "0"]) add(select, "option", { value: name + ":" + down }, title + (down === "1" ? " ▼" : " ▲"));
    select.value = state.sort + ":" + state.down;
  }
  function only(name, wanted) {
    if (wanted.trim()) state.only.set(name, wanted.trim()); else state.only.delete(name);
    state.page = 0; show();
  }
  function body(items, titles, group) {
    const place = byId("runs").tBodies[0], part = document.createDocumentFragment();
    for (const item of items.slice(state.page * SIZE, (state.page + 1) * SIZE)) {
      const i = item.i, line = add(part, "tr"), name = group ? item.runs.map(label).join(" ") : label(i);
      const box = add(add(line, "td"), "input", { type: "checkbox", "aria-label": "Choose " + (group ? `the ${times(item.runs.length, "run")} like ${label(i)}` : name) });
      box.checked = item.runs.every((each) => state.runs.has(each));
      box.addEventListener("change", () => { for (const each of item.runs) if (box.checked) state.runs.add(each); else state.runs.delete(each); chosen(); });
      for (const [column, title] of titles) cell(add(line, "td", { class: NUMBERS.has(column) ? "number" : column === "run" || column === "evidence" ? column : "", ...(column === "run" || column === "said" || column === "evidence" ? {} : { "data-name": title }) }), column, item, group);
    }
    place.replaceChildren(part);
  }
  function cell(place, column, { i, runs, mean }, group) {
    if (column === "run") {
      if (group) for (const each of runs.slice(0, 12)) { add(place, "a", { href: encodeURI(label(each)) + "/report.html", title: label(each) }, each === runs[0] ? (data.texts.config.values.length > 1 ? text("config", i) + " " : "") + state.group + " " + value(state.group, each) : value(state.group, each)); place.append(" "); }
      else add(place, "a", { href: encodeURI(label(i)) + "/report.html", title: label(i) }, label(i));
      for (const each of runs) {
        if (text("accepted", each)) add(place, "span", { class: "tag", title: text("accepted", each) }, "accepted");
        for (const tag of text("tags", each).split(" ").filter(Boolean)) add(place, "span", { class: "tag" }, tag);
        if (text("note", each)) add(place, "div", { class: "note" }, text("note", each));
      }
    } else if (column.startsWith("p.")) place.textContent = plain(value(column.slice(2), i)) ?? "";
    else if (column === "metric") place.textContent = mean ? spread(mean) : "";
    else if (column === "runs") { const button = add(place, "button", { type: "button", title: "Show these runs" }, runs.length); button.addEventListener("click", () => { for (const name of parameters(runs)) if (name !== state.group && value(name, i) !== null) state.only.set(name, `="${value(name, i)}"`); state.group = ""; state.page = 0; show(); }); }
    else if (column === "status" || column === "verdict") [...counted(runs.map((each) => text(column, each)))].forEach(([name, count], n) => add(place, "span", { class: "status " + name }, (n ? ", " : "") + (runs.length > 1 ? count + " " : "") + name.replace("_", " ")));
    else if (column === "said") { place.className = "said"; if (text("question", i)) add(place, "div", { class: "note" }, text("question", i)); add(place, "div", {}, text("said", i)); }
    else if (column === "evidence") evidence(place, i);
    else if (column === "seconds") place.textContent = short(KEYS.seconds(i, { runs }));
    else if (column === "cpu") { const energy = short(data.numbers.energy[i]); place.textContent = short(data.numbers.cpu[i]) + (energy ? ` (${energy})` : ""); }
    else place.textContent = column === "started" ? KEYS.started(i, { runs }).replace("T", " ") : text(column, i);
  }
  function evidence(place, i) {
    for (const [name, wanted, verdict] of claims[data.claims.codes[i]]) {
      const each = result(name, i), line = add(place, "div", { class: "claim" });
      add(line, "b", { class: verdict }, name + " " + (each ? short(each[0]) : "none") + " (" + wanted + ")");
      if (each && each[1] !== null) line.append(Fourfold.interval(each, wanted, verdict, name));
    }
  }

  // A card for each config, below the name of its template: question, answer, picture, what decided and what changed.
  function decisive(i) {
    const own = claims[data.claims.codes[i]];
    return own.find((each) => each[2] === "refuted") || own.find((each) => each[2] === "inconclusive") || own[0];
  }
  const WORDS = { supported: "Yes", refuted: "No", inconclusive: "Not known" };
  function cards(runs) {
    const place = byId("cards"), shown = state.view === "cards", configs = new Map(), templates = new Map();
    byId("cards-view").setAttribute("aria-pressed", shown); byId("table-view").setAttribute("aria-pressed", !shown);
    place.hidden = !shown; byId("table").hidden = shown; if (shown) byId("pages").hidden = true;
    place.replaceChildren();
    if (!shown) return;
    for (const i of runs) { const name = text("config", i); configs.set(name, [...(configs.get(name) || []), i]); }
    for (const [config, own] of configs) { const name = text("template", own[0]); templates.set(name, [...(templates.get(name) || []), [config, own]]); }
    const { stems, turned } = data.history, changed = new Map(); let batch = stems.length > 1 ? turned[stems.length - 1][0] : [];
    for (const [name, what] of batch) changed.set(name, [...(changed.get(name) || []), what]);
    for (const [template, each] of [...templates].sort((a, b) => a[0] < b[0] ? -1 : 1)) {
      add(place, "h2", {}, template);
      const list = add(place, "ul", { class: "cards" });
      for (const [config, own] of each) card(add(list, "li", { class: "card" }), config, own, own.flatMap((i) => changed.get(label(i)) || []));
    }
  }
  function card(place, config, own, changed) {
    const i = own.find((each) => pictures.has(label(each))) ?? own[0], picture = pictures.get(label(i)), verdict = text("verdict", i), claim = decisive(i);
    const title = add(place, "h3"), link = add(title, "a", { href: encodeURI(label(i)) + "/report.html" }, text("question", i) || config);
    if (picture) add(link.parentNode.insertAdjacentElement("afterend", document.createElement("div")), "img", { src: picture, class: "hero" }).alt = "";
    const said = add(place, "p", { class: "said" }), word = ok(i) ? WORDS[verdict] : text("status", i).replace("_", " "), answer = text("said", i);
    const begins = Object.values(WORDS).find((each) => new RegExp("^" + each + "\\b").test(answer)) || "";
    if (word && !begins) add(said, "b", { class: ok(i) ? verdict : text("status", i) }, `${ok(i) ? verdict[0].toUpperCase() + verdict.slice(1) : word}. `);
    if (begins) add(said, "b", { class: verdict }, begins);
    said.append(answer.slice(begins.length));
    if (claim && ok(i)) {
      const value = result(claim[0], i), line = add(place, "div", { class: "claim" });
      add(line, "b", { class: claim[2] }, `${SIGNS[claim[2]] || "–"} ${claim[0]} ${value ? spread(value) : "none"}, wanted ${claim[1]}`);
      if (value && value[1] !== null) line.append(Fourfold.interval(value, claim[1], claim[2], claim[0]));
    }
    const foot = add(place, "p", { class: "note" });
    if (own.length > 1) { const button = add(foot, "button", { type: "button" }, `${times(own.length, "run")}: show all`); button.addEventListener("click", () => { state.config = config; for (const each of ["metric", "axis", "sort", "down", "low", "view"]) state[each] = ""; state.group = null; settle(); state.view = "table"; show(); }); foot.append(" "); }
    foot.append(config + (changed.length ? "" : data.history.stems.length > 1 ? " · nothing turned in the last batch" : ""));
    for (const what of changed.slice(0, 3)) add(place, "p", { class: "changed" }, "Changed: " + what);
  }

  // What a reader wants first: what is best, and what failed and why.
  const words = (i, names) => names.map((name) => `${name} ${plain(value(name, i)) ?? "none"}`).join(", ");
  function best(runs) {
    const place = byId("best"), config = focus(), own = runs.filter((i) => !config || text("config", i) === config), names = parameters(own).filter((name) => name !== state.group);
    place.replaceChildren();
    if (!config || !(state.metric in data.metrics) || !names.length) return;
    const items = grouped(own).filter((item) => item.runs.some(ok)), { groups, noise, best: top, lead, maybe } = judged(items);
    if (groups.length < 2) return;
    const first = groups[0].item, way = state.low === "1" ? "lowest" : "highest", count = groups[0].scores.length;
    add(place, "b", {}, `Best of ${times(groups.length, "setting")} of ${config}${own.length < data.texts.config.codes.filter((code) => data.texts.config.values[code] === config).length ? " that are shown" : ""}: ${words(first.i, names)}. `);
    place.append(`${state.metric} ${spread(noise ? top : [groups[0].mean, null, null])}, the ${way}${count > 1 ? ` mean of ${times(count, "run")}` : ""}. `);
    if (!noise) place.append("Nothing shows how far chance alone goes: repeat each setting with several seeds.");
    else if (lead[1] > 0) place.append(`Ahead of every other setting by more than chance: by ${spread(lead)} of the next.`);
    else place.append(`Ahead of the next by ${spread(lead)}, no more than chance: ${maybe} settings may be the best.`);
    if (groups.length && noise) add(place, "small", {}, noise === "repeats" ? ` 95 % intervals by the spread of repeats, which allow for having picked the best.` : " 95 % intervals by those of the runs, as if independent.");
  }
  let listed = "";
  function causes() {
    const view = JSON.stringify([state.config, state.bad, state.cause, data.count, (data.running || {}).at]);
    if (view === listed) return;
    listed = view;
    const place = byId("causes"), own = every().filter((i) => !state.config || text("config", i) === state.config), bad = own.filter((i) => !ok(i)), names = parameters(own);
    place.replaceChildren();
    byId("bad").textContent = `Not ok (${bad.length.toLocaleString("en")})`; byId("bad").disabled = !bad.length && !state.bad; byId("bad").setAttribute("aria-pressed", state.bad);
    if (!bad.length) return;
    const list = add(add(place, "details", { open: "open" }), "ul"), counts = [...counted(bad.map((i) => text("cause", i)))].sort((a, b) => b[1] - a[1]);
    list.before(Object.assign(document.createElement("summary"), { textContent: `${times(bad.length, "run")} of ${own.length.toLocaleString("en")} not ok, by cause` }));
    for (const [cause, count] of counts.slice(0, MOST_CAUSES)) {
      const runs = bad.filter((i) => text("cause", i) === cause), line = add(list, "li"), button = add(line, "button", { type: "button", "aria-pressed": state.cause === cause }, `${count.toLocaleString("en")} × ${cause || "unknown"}`);
      button.addEventListener("click", () => { state.cause = state.cause === cause ? "" : cause; state.page = 0; show(); });
      const shared = runs.length > 1 ? names.filter((name) => runs.every((i) => value(name, i) === value(name, runs[0])) && own.some((i) => value(name, i) !== value(name, runs[0]))) : [];
      const alike = own.filter((i) => shared.every((name) => value(name, i) === value(name, runs[0]))).length;
      const states = [...counted(runs.map((i) => text("status", i).replace("_", " ")))].map(([name]) => name).filter((name) => name !== cause).join(", ");
      line.append(` ${states}${shared.length ? `${states ? "; " : ""}all with ${words(runs[0], shared)} (${count} of ${times(alike, "such run")})` : ""}`);
    }
    if (counts.length > MOST_CAUSES) add(list, "li", {}, `and ${times(counts.length - MOST_CAUSES, "other cause")}`);
  }

  // Charts are drawn after the table has been painted.
  const logs = (values, name) => state.logs.has(name) ? state.logs.get(name) : (() => { let least = Infinity, most = -Infinity; for (const v of values) { const n = number(v); if (n < least) least = n; if (n > most) most = n; } return least > 0 && most >= 100 * least; })();
  const scaleOf = (values, name) => scale(values, name !== undefined && logs(values, name));
  let later = 0;
  function draw(runs) {
    clearTimeout(later);
    const config = focus(), own = every().filter((i) => ok(i) && score(i) !== null && (!config || text("config", i) === config)), names = parameters(own).filter((name) => new Set(own.map((i) => value(name, i))).size > 1);
    const shown = new Set(runs), good = own.filter((i) => shown.has(i));
    byId("charts").hidden = !config || good.length < 2 || !names.length;
    later = setTimeout(() => {
      best(runs);
      if (byId("charts").hidden || !byId("charts").open) return;
      const place = byId("drawn"), scores = good.map(score), low = state.low === "1", room = place.clientWidth, width = Math.max(300, Math.floor(room / (room > 1100 ? 3 : room > 700 ? 2 : 1) - 24));
      place.replaceChildren();
      const select = byId("axis"); select.replaceChildren(); for (const name of names) add(select, "option", { value: name }, name);
      if (!names.includes(state.axis)) state.axis = names[0];
      select.value = state.axis;
      const values = own.map((i) => value(state.axis, i)), positive = (each) => each.some((v) => number(v) > 0);
      byId("logp").checked = logs(values, state.axis); byId("logp").disabled = !positive(values); byId("logm").checked = logs(own.map(score), state.metric); byId("logm").disabled = !positive(own.map(score));
      const effects = statistics.importance(scores, names.map((name) => ({ name, repeat: name === state.group, values: good.map((i) => value(name, i)) })));
      if (effects && effects.effects.length) charts.importance(place, effects, state.metric, width);
      const order = [...good].sort((a, b) => ended[a] - ended[b]);
      charts.response(place, good.map((i) => value(state.axis, i)), scores, state.axis, state.metric, scaleOf, width);
      charts.progress(place, order.map((i) => [ended[i] / 1000, score(i)]), state.metric, low, scaleOf, width);
      const axes = [...names.filter((name) => name !== state.group).slice(0, MOST_AXES - 1).map((name) => ({ name, scale: scaleOf(own.map((i) => value(name, i)), name) })), { name: state.metric, scale: scaleOf(own.map(score), state.metric) }];
      charts.parallel(place, axes, own.length, own.map((i) => shown.has(i)), low, room - 2, only);
    }, 30);
  }

  function past() {
    const conditions = new Map(every().map((i) => [label(i), new Map(claims[data.claims.codes[i]])])), metric = state.metric === "none" ? "" : state.metric;
    byId("history").hidden = !Fourfold.history.trends(byId("trends"), data.history, state.config, metric, conditions);
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
    const first = rows(), group = Boolean(state.group) && !state.bad && !state.cause, items = grouped(first), names = parameters(first).filter((name) => !group || name !== state.group);
    judged(items);
    const list = sorted(items), titles = headings(names.length ? names : parameters(every()), group, state.only.has(state.metric) || items.some((item) => item.mean)), last = Math.max(0, Math.ceil(list.length / SIZE) - 1);
    state.page = Math.min(state.page, last);
    byId("runs").className = names.length ? "swept" : ""; head(titles); filters(); body(list, titles, group); causes(); draw(first); past();
    byId("shown").textContent = `${first.length.toLocaleString("en")} of ${times(data.count, "run")} shown` + (group ? `, as ${times(list.length, "setting")}: means over ${state.group}` : "");
    byId("page").textContent = "Page " + (state.page + 1) + " of " + (last + 1);
    byId("back").disabled = !state.page; byId("next").disabled = state.page >= last;
    byId("pages").hidden = !last; cards(first);
    const wide = byId("table"); wide.classList.remove("stacked");  // a run is a block where its line would be cut
    if (innerWidth <= 1100 || (names.length <= 3 && wide.scrollWidth > wide.clientWidth + 1)) wide.classList.add("stacked");
    document.querySelector(".sorting").classList.toggle("needed", wide.classList.contains("stacked"));
    for (const name of ["q", ...SELECTS, "low", "group"]) if (byId(name) !== document.activeElement || name !== "q") byId(name).value = state[name];
    byId("metric").value = state.metric || "none";
    chosen();
  }
  function choices() {
    const fill = (id, values, all) => { const select = byId(id); select.replaceChildren(); add(select, "option", { value: id === "metric" ? "none" : "" }, all); for (const each of values) add(select, "option", { value: each }, each.replace("_", " ")); };
    for (const name of SELECTS) fill(name, [...data.texts[name].values].sort(), "all");
    fill("metric", Object.keys(data.metrics), "none"); fill("group", parameters(every()), "none");
    const total = (name) => data.numbers[name].reduce((sum, each) => sum + (each || 0), 0), states = counted(every().map((i) => text("status", i))), verdicts = counted(every().map((i) => text("verdict", i)));
    byId("summary").textContent = [times(data.count, "run"), ...[...states].map(([name, n]) => `${n.toLocaleString("en")} ${name.replace("_", " ")}`), ...["supported", "inconclusive", "refuted"].filter((name) => verdicts.has(name)).map((name) => `${verdicts.get(name).toLocaleString("en")} ${name}`),
      ...(every().some((i) => text("accepted", i)) ? [every().filter((i) => text("accepted", i)).length + " accepted"] : []), short(Math.round(total("cpu"))) + " s CPU", "about " + short(total("energy")) + " Wh"].join(" · ");
    Fourfold.history.turned(byId("turned"), data.history);
    const list = document.querySelector("#batches ul"); list.replaceChildren();
    data.batches.forEach((batch, n) => {
      const line = add(list, "li"), [texts, others] = data.history.turned[data.history.stems.length - 1 - n] || [[], 0];
      add(line, "a", { href: batch.table }, batch.time.replace("T", " "));
      if (texts.length) add(line, "div", { class: "note" }, texts.map(([run, text]) => `${run}: ${text}`).join("\n") + (others ? `\nand ${others} others` : ""));
    });
    document.querySelector("#batches summary").textContent = "Batches (" + data.batches.length + ")";
  }

  // How old the page is; while a batch runs, a file beside it brings what has ended since.
  function ago(time) {
    const s = Math.max(0, (Date.now() - time) / 1000), [size, unit] = s < 120 ? [1, "second"] : s < 7200 ? [60, "minute"] : s < 172800 ? [3600, "hour"] : [86400, "day"];
    return times(Math.round(s / size), unit) + " ago";
  }
  function age() {
    const last = ended.reduce((a, b) => Math.max(a, b), 0), { running } = data, utc = (time) => new Date(time).toISOString().slice(0, 16).replace("T", " ") + " UTC";
    const silent = running && Date.now() - Date.parse(running.at) > 180000;
    byId("age").textContent = running ? (silent ? `The batch was last heard of ${ago(Date.parse(running.at))}, after ${running.done.toLocaleString("en")} of ${times(running.total, "run")}: it may have been stopped.`
      : `A batch is running: ${running.done.toLocaleString("en")} of ${times(running.total, "run")} ended, ${running.failed.toLocaleString("en")} not ok; as of ${ago(Date.parse(running.at))}.`) : last ? `The newest result ended ${ago(last)} (${utc(last)}).` : "";
  }
  let heard = false;
  Fourfold.live = (content) => {
    if (content === null) { if (heard) location.reload(); data.running = null; }
    else if (content.running.at !== (data.running || {}).at) { heard = true; const first = !data.count, kept = [...state.runs].map(label); load(content); if (first) read(); const now = new Map(every().map((i) => [label(i), i])); state.runs = new Set(kept.map((name) => now.get(name)).filter((i) => i !== undefined)); settle(); show(); }
    age();
  };
  function listen() {
    if (!data.running) return;
    const script = add(document.head, "script", { src: ".live.js?" + Date.now() }), again = () => { script.remove(); setTimeout(listen, 5000); };
    script.addEventListener("load", again); script.addEventListener("error", again);
  }

  function saved() {
    const runs = sorted(rows().map((i) => ({ i, runs: [i], mean: result(state.metric, i) }))).map((item) => item.i), names = Object.keys(data.parameters).filter((name) => runs.some((i) => value(name, i) !== null)), metrics = Object.keys(data.metrics).filter((name) => runs.some((i) => result(name, i)));
    const quoted = (v) => v === null || v === undefined ? "" : /[",\r\n]/.test(v) ? `"${String(v).replace(/"/g, '""')}"` : String(v), plainly = ["config", "run", "template", "status", "verdict", "started", "cause", "accepted", "tags", "note"];
    const lines = [[...plainly, "seconds", ...names.map((n) => "param." + n), ...metrics.flatMap((n) => ["metric." + n, `metric.${n}.low`, `metric.${n}.high`])]];
    for (const i of runs) lines.push([...plainly.map((name) => text(name, i)), data.numbers.seconds[i], ...names.map((name) => value(name, i)), ...metrics.flatMap((name) => result(name, i) || ["", "", ""])]);
    const link = add(document.body, "a", { download: "runs.csv", href: URL.createObjectURL(new Blob([lines.map((line) => line.map(quoted).join(",") + "\r\n").join("")], { type: "text/csv" })) });
    link.click(); URL.revokeObjectURL(link.href); link.remove();
  }

  let waiting = 0;
  const soon = (act) => { clearTimeout(waiting); waiting = setTimeout(act, 60); };
  const on = (id, event, act) => byId(id).addEventListener(event, act), again = () => { state.page = 0; show(); };
  on("q", "input", () => soon(() => { state.q = byId("q").value; again(); }));
  for (const name of [...SELECTS, "group", "low"]) on(name, "change", () => {
    state[name] = byId(name).value;
    if (name === "config") { for (const each of ["metric", "axis", "sort", "down", "low"]) state[each] = ""; state.group = null; state.only.clear(); settle(); }
    if (name === "low" && state.sort === "metric") state.down = state.low === "1" ? "0" : "1";
    again();
  });
  on("metric", "change", () => { state.metric = byId("metric").value; const { low } = usually(); Object.assign(state, { low, sort: state.metric === "none" ? "started" : "metric", down: state.metric !== "none" && low === "1" ? "0" : "1" }); again(); });
  on("sort", "change", () => { [state.sort, state.down] = byId("sort").value.split(":"); again(); });
  on("axis", "change", () => { state.axis = byId("axis").value; show(); });
  on("logp", "change", () => { state.logs.set(state.axis, byId("logp").checked); show(); });
  on("logm", "change", () => { state.logs.set(state.metric, byId("logm").checked); show(); });
  on("charts", "toggle", () => show());
  on("filters", "submit", (event) => event.preventDefault());
  on("bad", "click", () => { state.bad = !state.bad; state.cause = ""; again(); });
  on("reset", "click", () => { history.replaceState(null, "", "#"); read(); show(); });
  for (const name of ["cards", "table"]) on(name + "-view", "click", () => { state.view = name; again(); });
  on("csv", "click", saved);
  on("all", "click", () => { state.runs = new Set(rows()); show(); });
  on("none", "click", () => { state.runs.clear(); show(); });
  on("go", "click", () => { state.compare = !state.compare; chosen(); if (state.compare) byId("comparison").scrollIntoView(); });
  on("back", "click", () => { state.page--; show(); }); on("next", "click", () => { state.page++; show(); });
  document.addEventListener("click", (event) => { if (event.target.matches(".theme")) show(); });  // charts have the colours of the page
  addEventListener("hashchange", () => { read(); show(); });
  addEventListener("resize", () => soon(show));
  load(JSON.parse(byId("data").textContent)); read(); show(); age(); setInterval(age, 10000); listen();
})();
