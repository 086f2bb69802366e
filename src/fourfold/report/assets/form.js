// A config as a form: entries are checked as they are made, saved and run by the server that shows the page.
(function () {
  "use strict";
  const state = JSON.parse(document.getElementById("data").textContent), form = document.getElementById("form"), said = document.getElementById("said");
  const address = new URLSearchParams(location.search), old = state.open.run || address.get("old") || "";
  const fields = new Map(), touched = new Set(), GROUPS = [["Question", "business."], ["Data", ["data", "query", "contract"]], ["Settings", "parameters."], ["How it runs", "run."]];
  let open = state.open, version = state.version, isNew = state.new, file = state.new ? "" : state.file, all = !state.blank, opened = {}, columns = state.columns, job = 0, last = null, busy = false;
  let count = 0;
  function el(tag, options, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(options || {})) {
      if (name in made && typeof value !== "string") made[name] = value;
      else if (value !== undefined && value !== "") made.setAttribute(name, value);
    }
    made.append(...children.filter((each) => each !== "" && each !== undefined && each !== null));
    return made;
  }
  const copy = (value) => JSON.parse(JSON.stringify(value)), same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const nameOf = (each) => each.label.charAt(0).toUpperCase() + each.label.slice(1);
  const suggestionsOf = (name) => (name === "columns" ? columns : state.suggest[name]) || [];

  // Each field has a box, the entry it holds, and what writes it.
  function build(field) {
    const id = "f" + ++count, errorId = id + "-error", helpId = id + "-help", described = (field.help ? helpId + " " : "") + errorId;
    const error = el("p", { id: errorId, class: "error", hidden: true }), help = field.help ? el("p", { id: helpId, class: "help" }, field.help) : "", hint = field.hint ? el("span", { class: "hint" }, field.hint) : "";
    const each = { field, error, id, entry: copy(field.shown), controls: () => each.box.querySelectorAll("input, select, textarea") };
    const plain = { id, name: field.name, "aria-describedby": described + (field.locked ? " " + id + "-locked" : ""), disabled: !!field.locked, required: field.required && undefined };
    if (field.required) plain["aria-required"] = "true";
    const changed = function (value) { each.entry = value; touched.add(field.name); later(); };
    const locked = field.locked ? el("p", { id: id + "-locked", class: "help" }, field.locked) : "";
    const list = field.suggest ? "suggest-" + field.suggest : "";
    if (["choices", "list", "pairs"].includes(field.kind)) {
      const group = el("fieldset", { id, "aria-describedby": described, disabled: !!field.locked }, el("legend", { class: "name" }, nameOf(field), hint), help, locked), inner = el("div");
      group.append(inner, error);
      each.box = el("div", { class: "field" }, group);
      each.draw = function () {
        const ticks = field.kind === "choices" ? field.options : field.kind === "list" && field.suggest === "columns" ? columns : [];
        inner.replaceChildren();
        if (ticks.length && ticks.length <= 200 && field.kind !== "pairs") drawTicks(inner, [...new Set([...ticks, ...each.entry])], each, changed, described);
        else drawRows(inner, each, changed, described, list, field);
      };
    } else if (field.kind === "flag") {
      const input = el("input", { type: "checkbox", ...plain });
      input.addEventListener("change", () => changed(input.checked));
      each.box = el("div", { class: "field" }, el("div", { class: "tick" }, input, el("label", { for: id, class: "name" }, nameOf(field))), help, locked, error);
      each.draw = () => { input.checked = each.entry; };
    } else {
      const input = field.kind === "choice" ? el("select", plain, ...field.options.map((value) => el("option", { value }, value || "(none)"))) : field.kind === "long" ? el("textarea", { rows: "2", ...plain }) : el("input", { type: "text", ...(field.kind === "number" ? { inputmode: "decimal", class: "short" } : {}), ...(list ? { list } : {}), ...plain });
      if (field.kind === "choice") for (const option of input.options) if (!option.hasAttribute("value")) option.setAttribute("value", "");
      input.addEventListener(field.kind === "choice" ? "change" : "input", () => changed(input.value));
      each.box = el("div", { class: "field" }, el("label", { for: id, class: "name" }, nameOf(field)), hint, help, locked, input, error);
      each.draw = () => { input.value = each.entry; };
    }
    each.draw();
    return each;
  }
  function drawTicks(inner, values, each, changed, described) {
    const box = el("div", { class: "ticks" });
    for (const value of values) {
      const input = el("input", { type: "checkbox", value, checked: each.entry.includes(value), "aria-describedby": described });
      input.addEventListener("change", () => changed(input.checked ? [...each.entry, value] : each.entry.filter((one) => one !== value)));
      box.append(el("label", null, input, value));
    }
    inner.append(box);
  }
  function drawRows(inner, each, changed, described, list, field) {
    const pairs = field.kind === "pairs", what = nameOf(field);
    const rows = each.entry.length ? each.entry : pairs ? [] : [""];
    const take = () => changed([...inner.querySelectorAll(".row")].map((row) => { const texts = [...row.querySelectorAll("input")].map((one) => one.value); return pairs ? texts : texts[0]; }));
    rows.forEach(function (value, n) {
      const texts = pairs ? value : [value], labels = pairs ? [field.suggest === "metrics" ? "metric" : "name", field.suggest === "metrics" ? "condition" : "value"] : ["value"];
      const inputs = texts.map(function (text, place) {
        const input = el("input", { type: "text", "aria-label": `${what}, ${labels[place]} ${n + 1}`, "aria-describedby": described, ...(list && place === 0 ? { list } : {}) });
        input.value = text;
        input.addEventListener("input", take);
        return input;
      });
      const remove = el("button", { type: "button", "aria-label": `Remove ${texts[0] || labels[0] + " " + (n + 1)} from ${what}` }, "Remove");
      remove.addEventListener("click", function () { changed(each.entry.filter((one, place) => place !== n)); each.draw(); (inner.querySelectorAll(".row input")[0] || inner.querySelector("button")).focus(); });
      inner.append(el("div", { class: "row" }, ...inputs, rows.length > 1 || pairs ? remove : ""));
    });
    const add = el("button", { type: "button", class: "add", "aria-label": "Add to " + what }, "Add");
    add.addEventListener("click", function () { each.entry = [...(each.entry.length || pairs ? each.entry : [""]), pairs ? ["", ""] : ""]; each.draw(); const inputs = inner.querySelectorAll(".row:last-of-type input"); inputs[0].focus(); });
    inner.append(add);
  }

  for (const kind of ["data", "files", "columns", "metrics"]) form.append(el("datalist", { id: "suggest-" + kind }));
  function suggest() {
    for (const kind of ["data", "files", "columns", "metrics"]) document.getElementById("suggest-" + kind).replaceChildren(...suggestionsOf(kind).map((value) => el("option", { value })));
  }
  suggest();
  if (isNew) {
    const given = { name: "name", kind: "text", label: "Name of the new config", help: "small letters, 0-9, - and _; the file is made in " + state.folder, shown: state.name, hint: "", options: [], suggest: "", locked: "", required: true };
    const each = build(given);
    fields.set("name", each);
    form.append(each.box);
  }
  const left = new Set(state.fields);
  for (const [title, wanted] of GROUPS) {
    const own = [...left].filter((field) => (Array.isArray(wanted) ? wanted.some((name) => field.name === "parameters." + name) : field.name.startsWith(wanted)));
    if (!own.length) continue;
    const folds = title === "How it runs", group = folds ? el("details", { class: "group" }, el("summary", null, title)) : el("fieldset", { class: "group" }, el("legend", null, title));
    for (const field of own) { left.delete(field); const each = build(field); fields.set(field.name, each); group.append(each.box); }
    form.append(group);
  }
  const button = (text, action, options) => { const made = el("button", { type: "button", ...options }, text); made.addEventListener("click", action); return made; };
  const run = el("button", { type: "submit", class: "first" }, "Run"), save = button("Save", () => send(false)), undo = button("Undo the last save", takeBack, { hidden: !state.undo }), stop = button("Stop", () => { document.getElementById("status").textContent = "Stopping"; ask("stop", {}); }, { hidden: true });
  form.append(el("div", { class: "buttons" }, run, stop, save, undo));
  form.addEventListener("submit", function (event) { event.preventDefault(); send(true); });

  const entries = () => Object.fromEntries([...fields].filter(([name]) => name !== "name").map(([name, each]) => [name, each.entry]));
  const nameEntry = () => (fields.has("name") ? fields.get("name").entry : "");
  for (const [name, entry] of Object.entries(entries())) opened[name] = copy(entry);

  // What was entered and not saved comes back with the page, in this tab.
  const key = "fourfold-form " + JSON.stringify(state.open);
  function keep() { try { sessionStorage.setItem(key, JSON.stringify({ version, opened, entries: entries(), name: nameEntry(), touched: [...touched] })); } catch (error) { /* full or forbidden: nothing is kept */ } }
  function forget() { try { sessionStorage.removeItem(key); } catch (error) { /* as above */ } touched.clear(); }
  function restore() {
    let kept = null;
    try { kept = JSON.parse(sessionStorage.getItem(key)); } catch (error) { /* as above */ }
    if (!kept || !kept.touched.length) return;
    version = kept.version; opened = kept.opened;
    for (const name of kept.touched) if (fields.has(name)) { const each = fields.get(name); touched.add(name); each.entry = name === "name" ? kept.name : kept.entries[name] === undefined ? each.entry : kept.entries[name]; each.draw(); }
    say("", "Entries that you had not saved are here again.", [], button("Discard them", () => { forget(); location.reload(); }));
  }

  function say(kind, head, lines, ...more) {
    said.className = kind;
    said.setAttribute("role", kind ? "alert" : "status");
    if (!head) { said.removeAttribute("role"); said.replaceChildren(); return; }
    said.replaceChildren(el("p", null, el("b", null, head)), lines.length ? el("ul", null, ...lines.map((line) => el("li", null, line))) : "", ...more);
  }
  let problems = [];
  function showProblems(given) {
    problems = given;
    for (const [name, each] of fields) {
      const own = problems.filter((one) => one.field === name && (all || touched.has(name))).map((one) => one.message), text = own.join("\n");
      if (each.error.textContent !== text) each.error.textContent = text;
      each.error.hidden = !text;
      const marks = each.box.querySelectorAll("input:not([type=checkbox]), select, textarea"), row = /^([^:]+): /.exec(text);
      let at = -1;
      const rows = [...each.box.querySelectorAll(".row")].filter((one) => one.querySelector("input").value !== "" || one.querySelectorAll("input").length > 1);
      if (row && rows.length) at = rows.findIndex((one, n) => one.querySelector("input").value === row[1] || String(n) === row[1]);
      marks.forEach((one) => { const wrong = text && (at < 0 || rows[at].contains(one)); if (wrong) one.setAttribute("aria-invalid", "true"); else one.removeAttribute("aria-invalid"); });
      if (text && each.box.closest("details")) each.box.closest("details").open = true;
    }
  }
  function focusFirst() {
    for (const [name, each] of fields) {
      if (each.error.hidden) continue;
      const target = each.box.querySelector("[aria-invalid=true]") || each.controls()[0] || each.box.querySelector("button");
      target.focus();
      each.box.scrollIntoView({ block: "center" });
      return;
    }
    said.focus();
  }

  async function ask(action, more) {
    let answer;
    try {
      answer = await fetch(action, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ open, name: nameEntry(), entries: entries(), version, ...more }) });
      if (answer.status !== 403 && answer.status !== 421) return [answer.status, answer.headers.get("Content-Type").startsWith("application/json") ? await answer.json() : { problem: `Not taken: ${answer.status} ${answer.statusText}` }];
    } catch (error) { /* as below */ }
    say("bad", "Fourfold has ended, or was started again.", ["Your entries stay on this page.", "Start fourfold view --run again if need be, and open the address that it prints."]);
    return [0, {}];
  }
  const sources = () => JSON.stringify(["parameters.data", "parameters.contract"].map((name) => (fields.has(name) ? fields.get(name).entry : "")));
  let timer = 0, asked = 0, known = sources();
  function later() { keep(); clearTimeout(timer); timer = setTimeout(check, 300); }
  async function check() {
    const number = ++asked, [status, answer] = await ask("check", {});
    if (status !== 200 || number !== asked) { if (status === 400) say("bad", answer.problem, []); return; }
    document.getElementById("text").textContent = answer.text;
    showProblems(answer.problems);
    if (!problems.length && said.className === "bad" && !said.querySelector("button")) say("", "", []);
    if (sources() !== known) lookUp();
  }
  async function lookUp() {
    const source = known = sources(), [code, given] = await ask("columns", {});
    if (code !== 200 || source !== known || same(given.columns, columns)) return;
    columns = given.columns;
    suggest();
    for (const each of fields.values()) if (each.field.suggest === "columns" && !each.box.contains(document.activeElement)) each.draw();
  }
  async function send(runs) {
    if (busy) return;
    busy = true; clearTimeout(timer); asked += 1;
    const [status, answer] = await ask("save", { run: runs });
    busy = false;
    if (status === 422) {
      all = true;
      showProblems(answer.problems);
      const others = problems.filter((one) => !fields.has(one.field)).map((one) => one.message), number = problems.length;
      say("bad", (number === 1 ? "1 mistake" : number + " mistakes") + "; nothing was saved.", others);
      focusFirst();
    } else if (status === 409) {
      conflict(answer.now, runs);
    } else if (status === 200) {
      version = answer.version; undo.hidden = !answer.undo; file = answer.file;
      forget();
      document.getElementById("text").textContent = answer.text;
      if (isNew) { isNew = false; open = { config: file }; fields.get("name").box.remove(); fields.delete("name"); history.replaceState(null, "", "config?config=" + encodeURIComponent(file) + (old ? "&old=" + encodeURIComponent(old) : "")); }
      opened = copy(entries());
      all = true;
      showProblems([]);
      say("", "Saved in " + file + ".", []);
      if (runs) { job = answer.job; listen(); show(last); scrollTo(0, 0); }
    } else if (status) {
      say("bad", answer.problem || "This cannot be saved.", []);
      said.focus();
    }
  }
  function words(entry) { return Array.isArray(entry) ? entry.map((each) => (Array.isArray(each) ? each.join(" ") : each)).join(", ") || "(empty)" : String(entry) || "(empty)"; }
  function conflict(now, runs) {
    const lines = [];
    for (const field of now.fields) {
      const each = fields.get(field.name);
      if (each && !same(field.shown, opened[field.name])) lines.push(`${nameOf(field)}: ${words(opened[field.name])} when this form was opened, ${words(field.shown)} on disk now, ${words(each.entry)} here`);
    }
    say("bad", state.file + " was changed on disk since this form was opened; nothing was saved.", lines,
      button("Take the values of the file", () => { forget(); location.reload(); }),
      button("Keep my changes, and the rest of the file", function () {
        for (const field of now.fields) {
          const each = fields.get(field.name);
          if (each && same(each.entry, opened[field.name])) { each.entry = copy(field.shown); each.draw(); }
          opened[field.name] = copy(field.shown);
        }
        version = now.version;
        send(runs);
      }));
    said.focus();
  }
  async function takeBack() {
    const [status, answer] = await ask("undo", {});
    if (status !== 200) { if (status) say("bad", answer.problem, []); return; }
    forget();
    if (answer.gone) location.href = "./"; else location.reload();
  }

  let source = null;
  function listen() {
    if (source || !file || (document.hidden && !job)) return;  // a browser holds few connections for all of its pages
    source = new EventSource("events?config=" + encodeURIComponent(file));
    source.addEventListener("message", (event) => { if (event.data) show(JSON.parse(event.data)); });
    source.addEventListener("error", () => setTimeout(function () {
      if (source && source.readyState !== 1 && (job || run.disabled)) { say("bad", "Fourfold has ended, or was started again.", ["The config is saved in " + file + "."]); stop.hidden = true; run.disabled = false; }
    }, 2000));
  }
  function show(now) {
    last = now;
    if (!now || now.job < job) return;
    const going = now.state === "running", progress = document.getElementById("progress"), status = document.getElementById("status");
    progress.hidden = false; stop.hidden = !going; run.disabled = going;
    const at = now.steps.indexOf(now.section), text = at < 0 ? (going || job ? "" : "Last run: ") + now.text : `${now.section}, step ${at + 1} of ${now.steps.length}` + now.text.replace(/^Running/, "");
    if (status.textContent !== text) status.textContent = text;
    document.getElementById("steps").replaceChildren(...(going && at >= 0 ? now.steps.map((step, n) => el("li", { class: n < at ? "done" : "", ...(n === at ? { "aria-current": "step" } : {}) }, step)) : []));
    const page = now.page ? (old && now.run && old !== now.run ? "beside?old=" + encodeURIComponent(old) + "&new=" + encodeURIComponent(now.run) : "../" + now.page) : "";
    document.getElementById("ended").replaceChildren(...(!going && page ? [el("a", { href: page }, "Open the report")] : []));
    if (!going && job) {
      job = 0;
      if (now.ok && page) location.href = page;
    }
  }
  document.addEventListener("visibilitychange", function () {
    if (document.hidden && source && !job) { source.close(); source = null; }
    listen();
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  document.getElementById("text").textContent = state.text;
  restore();
  if (touched.size) check(); else showProblems(state.problems);
  if (!columns.length) lookUp();
  const others = state.problems.filter((one) => !fields.has(one.field)).map((one) => one.message);
  if (others.length && !touched.size) say("bad", "Some of this config can only be changed in its file.", others);
  listen();
})();
