// Small charts without a library, and the comparison of chosen runs.
const Fourfold = (function () {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  function add(parent, name, attributes, content) {
    const svg = parent.namespaceURI === SVG || name === "svg", made = svg ? document.createElementNS(SVG, name) : document.createElement(name);
    for (const key in attributes || {}) if (attributes[key] !== "") made.setAttribute(key, attributes[key]); else if (key === "value") made.setAttribute(key, "");
    if (content !== undefined && content !== null) made.textContent = content;
    parent.append(made); return made;
  }
  function short(value) {
    if (value === null || value === undefined) return "";
    if (typeof value !== "number") return String(value);
    if (Number.isInteger(value) && Math.abs(value) < 1e7) return value.toLocaleString("en");
    const size = Math.abs(value);
    return size && (size < 1e-4 || size >= 1e9) ? value.toExponential(2) : Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 });
  }
  // The interval of a claim and its bound, on one small axis.
  function interval([value, low, high], condition, verdict, name) {
    const bound = parseFloat(condition.replace(/^[<>=! ]+/, "")), ends = [low, high, value].concat(isNaN(bound) ? [] : [bound]);
    const least = Math.min(...ends), most = Math.max(...ends), room = (most - least) * 0.08 || 1;
    const at = (x) => 2 + 86 * (x - least + room) / (most - least + 2 * room);
    const svg = add(document.createElement("span"), "svg", { width: 90, height: 14, viewBox: "0 0 90 14", role: "img", class: verdict, "aria-label": name + ": 95 % interval " + short(low) + " to " + short(high) });
    add(svg, "line", { class: "axis", x1: 0, x2: 90, y1: 7, y2: 7 });
    if (!isNaN(bound)) add(svg, "line", { class: "bound", x1: at(bound), x2: at(bound), y1: 0, y2: 14 });
    add(svg, "line", { class: "span", x1: at(low), x2: at(high), y1: 7, y2: 7 });
    add(svg, "circle", { class: "dot", cx: at(value), cy: 7, r: 3 });
    return svg;
  }
  // Few values as they are, else round numbers between the ends.
  function ticks(known, least, most) {
    const each = [...new Set(known)];
    if (each.length <= 6) return each;
    const rough = (most - least) / 4, size = 10 ** Math.floor(Math.log10(rough)), step = size * [1, 2, 5, 10].find((n) => n * size >= rough), found = [];
    for (let n = Math.ceil(least / step); n * step <= most; n++) found.push(Number((n * step).toPrecision(12)));
    return found;
  }
  // Values on an axis: numbers where all are, else names in order; `at` and `ticks` from 0 to 1, `within` as a condition.
  function scale(values, log) {
    const none = (v) => v === null || v === undefined || v === "null";
    const numbers = values.map((v) => none(v) || v === "" ? NaN : Number(v)), known = numbers.filter((v) => !isNaN(v));
    if (known.length && known.length === values.filter((v) => !none(v)).length) {
      const fit = log ? known.filter((v) => v > 0) : known, to = log ? Math.log10 : (v) => v, back = log ? (v) => 10 ** v : (v) => v;
      const least = to(fit.reduce((a, b) => Math.min(a, b), Infinity)), most = to(fit.reduce((a, b) => Math.max(a, b), -Infinity));
      const place = (v) => !isFinite(v) ? null : most > least ? (v - least) / (most - least) : 0.5;
      const powers = log && most - least > 1.5 && new Set(fit).size > 6 ? Array.from({ length: Math.floor(most) - Math.ceil(least) + 1 }, (_, n) => 10 ** (Math.ceil(least) + n)) : ticks(fit, back(least), back(most));
      const step = Math.ceil(powers.length / 6), limit = (f) => Number(back(least + f * (most - least)).toPrecision(4));
      return { numeric: true, at: (i) => isNaN(numbers[i]) ? null : place(to(numbers[i])), place: (v) => place(to(v)), ticks: powers.filter((_, n) => n % step === 0).map((v) => [place(to(v)), short(v)]), within: (low, high) => `>=${limit(low)} <=${limit(high)}` };
    }
    const named = (v) => none(v) ? "(none)" : v === "" ? "(empty)" : v;
    const names = [...new Set(values.map(named))].sort(), rank = new Map(names.map((name, i) => [name, i]));
    const place = (name) => names.length > 1 ? rank.get(name) / (names.length - 1) : 0.5;
    const shown = names.length <= 8 ? names : [names[0], names[names.length - 1]], quoted = (name) => /[|\s~<>=!"]/.test(name) ? `"${name}"` : name;
    return { numeric: false, at: (i) => place(named(values[i])), ticks: shown.map((name) => [place(name), name.length > 14 ? name.slice(0, 13) + "…" : name]), within: (low, high) => "=" + names.filter((n) => place(n) >= low && place(n) <= high).map(quoted).join("|") };
  }
  const SIGNS = { supported: "✔", refuted: "✘", inconclusive: "?" };
  function parallel(axes, verdicts) {
    const count = verdicts.length;
    const gap = 150, width = 120 + gap * (axes.length - 1) + 90, svg = add(document.createElement("span"), "svg", { width, height: 250, viewBox: `0 0 ${width} 250`, role: "img", "aria-label": `Parallel coordinates of ${count} runs over ${axes.map((a) => a.name).join(", ")}${verdicts.some(Boolean) ? "; coloured by their verdict" : ""}` });
    const x = (k) => 120 + gap * k, y = (v) => 215 - 175 * v, lines = [];
    for (let i = 0; i < count; i++) {
      const points = axes.map((axis, k) => { const v = axis.scale.at(i); return v === null ? null : x(k) + "," + y(v).toFixed(1); }).filter(Boolean);
      lines.push([i, points.join(" ")]);
    }
    for (const [i, points] of lines) add(svg, "polyline", { class: "line " + verdicts[i], points });
    axes.forEach((axis, k) => {
      add(svg, "line", { class: "axis", x1: x(k), x2: x(k), y1: y(0), y2: y(1) });
      add(svg, "text", { x: x(k), y: 24, "text-anchor": "middle", "font-weight": 600 }, axis.name.length > 18 ? axis.name.slice(0, 17) + "…" : axis.name);
      for (const [v, told] of axis.scale.ticks) add(svg, "text", k ? { x: x(k) + 5, y: y(v) + 4 } : { x: x(k) - 6, y: y(v) + 4, "text-anchor": "end" }, told);
    });
    return svg;
  }
  function scatter(axis, found, metric, verdicts) {
    const count = found.length;
    const svg = add(document.createElement("span"), "svg", { width: 420, height: 250, viewBox: "0 0 420 250", role: "img", "aria-label": `${metric} against ${axis.name}, ${count} runs; bars are 95 % intervals` });
    const ends = found.filter(Boolean).flatMap((f) => f.filter((v) => v !== null)), least = ends.reduce((a, b) => Math.min(a, b), Infinity), most = ends.reduce((a, b) => Math.max(a, b), -Infinity);
    const y = (v) => 205 - 175 * (most > least ? (v - least) / (most - least) : 0.5), x = (v) => 80 + 310 * v;
    add(svg, "line", { class: "axis", x1: 70, x2: 400, y1: 215, y2: 215 }); add(svg, "line", { class: "axis", x1: 70, x2: 70, y1: 20, y2: 215 });
    for (const [v, told] of axis.scale.ticks) add(svg, "text", { x: x(v), y: 232, "text-anchor": "middle" }, told);
    for (const v of most > least ? ticks([least, least, ...Array.from({ length: 7 }, (_, n) => least + n * (most - least))], least, most) : [least]) {
      add(svg, "line", { class: "axis", x1: 66, x2: 70, y1: y(v), y2: y(v) }); add(svg, "text", { x: 62, y: y(v) + 4, "text-anchor": "end" }, short(v));
    }
    add(svg, "text", { x: 70, y: 12 }, metric);
    for (let i = 0; i < count; i++) {
      const v = axis.scale.at(i), f = found[i];
      if (v === null || !f) continue;
      if (f[1] !== null) add(svg, "line", { class: "error " + verdicts[i], x1: x(v), x2: x(v), y1: y(f[1]), y2: y(f[2]) });
      add(svg, "circle", { class: "point " + verdicts[i], cx: x(v), cy: y(f[0]), r: 3 });
    }
    return svg;
  }
  const MOST_AXES = 6, MOST_ROWS = 200, MOST_LINES = 2000;
  const wanted = { metric: "", axis: "" };
  function compare(place, data, runs, { label, text, metric }) {
    place.replaceChildren();
    const values = (name) => runs.map((i) => data.parameters[name].values[data.parameters[name].codes[i]]);
    const all = Object.keys(data.parameters).filter((name) => new Set(values(name)).size > 1);
    // What only some of the runs have tells their templates apart, and comes last.
    const shared = all.filter((name) => !values(name).includes(null)), differ = [...shared, ...all.filter((name) => values(name).includes(null))];
    const metrics = Object.keys(data.metrics).filter((name) => runs.some((i) => data.metrics[name][i]));
    const own = (i) => JSON.parse(data.claims.values[data.claims.codes[i]]), claims = new Map(runs.flatMap(own).map((c) => [c[0], c[1]]));
    const verdict = (name, i) => (own(i).find((c) => c[0] === name) || [])[2] || "";
    const claimed = metrics.filter((name) => claims.has(name));
    if (!metrics.includes(wanted.metric)) wanted.metric = metrics.includes(metric) ? metric : claimed[0] || metrics[0] || "";
    if (!differ.includes(wanted.axis)) wanted.axis = differ[0] || "";
    add(place, "h2", {}, `Comparison of ${runs.length.toLocaleString("en")} runs`);
    add(place, "p", {}, differ.length ? `Parameters that differ: ${differ.slice(0, 12).join(", ")}${differ.length > 12 ? ` and ${differ.length - 12} more` : ""}.` : "No parameter differs.");
    const choices = add(place, "p");
    const select = (title, names, kept) => {
      const chosen = add(add(choices, "label", {}, title + " "), "select");
      for (const name of names) add(chosen, "option", { value: name }, name);
      chosen.value = wanted[kept];
      chosen.addEventListener("change", () => { wanted[kept] = chosen.value; compare(place, data, runs, { label, text, metric }); place.querySelectorAll("select")[kept === "metric" ? 0 : 1].focus(); });
    };
    const charts = add(place, "div", { class: "charts" });
    if (metrics.length) select("Metric of the charts", metrics, "metric");
    if (differ.length && metrics.length) {
      select("Parameter", differ, "axis");
      const found = runs.map((i) => data.metrics[wanted.metric][i]), drawn = runs.length > MOST_LINES ? found.slice(0, MOST_LINES) : found;
      const axes = (shared.length ? shared : differ).slice(0, MOST_AXES).map((name) => ({ name, scale: scale(values(name)) }));
      const result = { name: wanted.metric, scale: scale(found.map((f) => f ? f[0] : null)) };
      const verdicts = drawn.map((_, i) => verdict(wanted.metric, runs[i])), wish = claims.get(wanted.metric);
      const colours = wish ? ` Green meets ${wanted.metric} ${wish}, red breaks it, yellow is open.` : "";
      const figure = (svg, told) => { const made = add(charts, "figure"); made.append(svg); add(made, "figcaption", {}, told); };
      figure(parallel([...axes, result], verdicts), "Each line is a run." + colours + (differ.length > axes.length ? ` ${differ.length - axes.length} more parameters differ.` : "") + (runs.length > MOST_LINES ? ` The first ${MOST_LINES} are drawn.` : ""));
      figure(scatter({ name: wanted.axis, scale: scale(values(wanted.axis)) }, drawn, wanted.metric, verdicts), `${wanted.metric} against ${wanted.axis}; bars are 95 % intervals.`);
    }
    const shown = [...new Set([wanted.metric, ...claimed])].filter(Boolean).slice(0, 6);
    const table = add(add(place, "div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Table of the comparison" }), "table");
    add(table, "caption", {}, "Parameters that differ, and metrics with their 95 % intervals" + (runs.length > MOST_ROWS ? `; the first ${MOST_ROWS} runs` : ""));
    const line = add(add(table, "thead"), "tr");
    for (const name of ["run", "verdict", ...differ.slice(0, 12), ...shown]) add(line, "th", { scope: "col" }, name);
    const body = add(table, "tbody");
    for (const i of runs.slice(0, MOST_ROWS)) {
      const row = add(body, "tr");
      add(add(row, "th", { scope: "row" }), "a", { href: encodeURI(label(i)) + "/report.html" }, label(i));
      add(row, "td", { class: "status " + text("verdict", i), "data-name": "verdict" }, text("verdict", i));
      for (const name of differ.slice(0, 12)) add(row, "td", { "data-name": name }, short(data.parameters[name].values[data.parameters[name].codes[i]]));
      for (const name of shown) { const f = data.metrics[name][i]; const judged = verdict(name, i); add(row, "td", { class: judged, "data-name": name }, f ? (SIGNS[judged] ? SIGNS[judged] + " " : "") + short(f[0]) + (f[1] !== null ? ` (${short(f[1])} to ${short(f[2])})` : "") : ""); }
    }
    const wide = table.parentNode;  // a run is a block where its line would be cut
    wide.classList.toggle("blocks", innerWidth <= 1100 || wide.scrollWidth > wide.clientWidth + 1);
  }
  return { add, short, interval, scale, compare };
})();
