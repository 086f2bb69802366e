// What turned from batch to batch, and each metric over past batches.
Fourfold.history = (function () {
  "use strict";
  const { add, short } = Fourfold, MOST = 24, WIDE = 300, HIGH = 104, LEFT = 8, RIGHT = 62, TOP = 8, BOTTOM = 20;
  const when = (stem) => stem.replace(/^(....)(..)(..)T(..)(..).*$/, "$1-$2-$3 $4:$5"), plain = (run) => run.replace(/\/default$/, "");
  function turned(place, { stems, turned: all }) {
    place.replaceChildren();
    const last = stems.length - 1;
    if (last < 1) return;
    const [texts, others] = all[last], runs = texts.length + others, batch = `the last batch (${when(stems[last])} UTC)`;
    if (!runs) { add(place, "p", {}, `Nothing turned in ${batch}: no status, no verdict, and no metric left its earlier interval.`); return; }
    const block = add(place, "details", { open: "open" }); add(block, "summary", {}, `${runs === 1 ? "1 change" : runs.toLocaleString("en") + " changes"} in ${batch}`);
    const list = add(block, "ul");
    for (const [run, text] of texts) { const line = add(list, "li"); add(line, "a", { href: encodeURI(run) + "/report.html" }, plain(run)); line.append(": " + text); }
    if (others) add(list, "li", {}, `and ${others.toLocaleString("en")} others, in the table of the batch`);
  }
  function chart(place, [run, metric, points], stems, condition) {
    const [, now, low, high] = points[points.length - 1], known = points.flatMap((p) => p.slice(1)).filter((v) => v !== null);
    const bound = parseFloat((condition || "").replace(/^[<>=! ]+/, "")), ends = isNaN(bound) ? known : [...known, bound];
    const least = Math.min(...ends), most = Math.max(...ends), first = points[0][0], span = points[points.length - 1][0] - first || 1;
    const x = (n) => LEFT + (WIDE - LEFT - RIGHT) * (n - first) / span, y = (v) => most === least ? (HIGH - BOTTOM + TOP) / 2 : HIGH - BOTTOM - (HIGH - BOTTOM - TOP) * (v - least) / (most - least);
    const spread = low === null ? short(now) : `${short(now)} (${short(low)} to ${short(high)})`, made = add(place, "figure", { class: "trend" });
    add(made, "figcaption", {}, `${plain(run)}: ${metric}${condition ? " " + condition : ""}`);
    const values = points.map((p) => p[1]), svg = add(made, "svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, width: WIDE, height: HIGH, role: "img", "aria-label": `${metric} of ${plain(run)} in ${points.length} batches: between ${short(Math.min(...values))} and ${short(Math.max(...values))}, now ${spread}` });
    if (!isNaN(bound)) add(svg, "line", { class: "bound", x1: LEFT, x2: WIDE - RIGHT, y1: y(bound), y2: y(bound) });
    for (const [n, , from, to] of points) if (from !== null) add(svg, "line", { class: "error", x1: x(n), x2: x(n), y1: y(from), y2: y(to) });
    add(svg, "polyline", { class: "line", points: points.map(([n, v]) => `${x(n).toFixed(1)},${y(v).toFixed(1)}`).join(" ") });
    for (const [n, v] of points) add(add(svg, "circle", { class: "point", cx: x(n), cy: y(v), r: 3 }), "title", {}, `${when(stems[n])}: ${short(v)}`);
    add(svg, "text", { x: WIDE - RIGHT + 8, y: Math.min(HIGH - BOTTOM, Math.max(12, y(now) + 4)) }, short(now));
    add(svg, "text", { x: LEFT, y: HIGH - 4 }, when(stems[first]).slice(0, 10)); add(svg, "text", { x: WIDE - RIGHT, y: HIGH - 4, "text-anchor": "end" }, when(stems[points[points.length - 1][0]]).slice(0, 10));
  }
  // `conditions` has the criteria of each run; without a chosen metric these are shown; of a run without any, as a failed one, all metrics.
  function trends(place, { stems, series }, config, metric, conditions) {
    place.replaceChildren();
    const own = series.filter(([run]) => conditions.has(run) && (!config || run.startsWith(config + "/"))), judged = own.filter(([run, name]) => !conditions.get(run).size || conditions.get(run).has(name));
    const shown = metric && own.some((each) => each[1] === metric) ? own.filter((each) => each[1] === metric) : judged;
    for (const each of shown.slice(0, MOST)) chart(place, each, stems, conditions.get(each[0]).get(each[1]));
    if (shown.length > MOST) add(place, "p", {}, `and ${shown.length - MOST} others: choose a config above`);
    return shown.length;
  }
  return { turned, trends };
})();
