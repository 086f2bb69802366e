// The charts of the page of runs: drawn on canvas, since there may be ten thousand lines.
Fourfold.charts = (function () {
  "use strict";
  const { add, short } = Fourfold;
  // Viridis (Smith & van der Walt 2015), without its lightest end: also for people who see few colours.
  const STOPS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [200, 220, 50]];
  function colour(f) {
    const at = Math.min(0.9999, Math.max(0, f)) * (STOPS.length - 1), i = Math.floor(at), [from, to] = [STOPS[i], STOPS[i + 1]];
    return `rgb(${from.map((v, k) => Math.round(v + (to[k] - v) * (at - i))).join()})`;
  }
  const dark = () => /^#[0-3]/.test(ink("paper"));  // then the best is bright
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  function figure(place, title, width, height, label) {
    const made = add(place, "figure", {});
    made.style.maxWidth = `min(100%, ${width}px)`; add(made, "figcaption", {}, title);
    const canvas = add(add(made, "div", { class: "wide", tabindex: 0, role: "region", "aria-label": title }), "canvas", { role: "img", "aria-label": label }), sharp = window.devicePixelRatio || 1;
    canvas.width = width * sharp; canvas.height = height * sharp; canvas.style.width = width + "px"; canvas.style.height = height + "px";
    const pen = canvas.getContext("2d"); pen.scale(sharp, sharp); pen.font = "12px system-ui, sans-serif"; pen.lineJoin = "round";
    return { made, canvas, pen };
  }
  function write(pen, text, x, y, align, room) {
    let shown = text;
    while (room && shown.length > 2 && pen.measureText(shown).width > room) shown = shown.slice(0, -2) + "…";
    pen.textAlign = align; pen.lineWidth = 4; pen.strokeStyle = ink("paper"); pen.strokeText(shown, x, y); pen.fillStyle = ink("ink"); pen.fillText(shown, x, y);
  }
  function line(pen, points, style, width) { pen.strokeStyle = style; pen.lineWidth = width; pen.beginPath(); points.forEach(([x, y], n) => n ? pen.lineTo(x, y) : pen.moveTo(x, y)); pen.stroke(); }
  function dot(pen, x, y, size, style) { pen.fillStyle = style; pen.beginPath(); pen.arc(x, y, size, 0, 7); pen.fill(); }
  // The frame of a chart of points; returns where shares of both axes are.
  function frame(pen, width, height, across, up, names) {
    const left = 64, top = 24, right = width - 14, bottom = height - 38, x = (f) => left + 8 + (right - left - 16) * f, y = (f) => bottom - 6 - (bottom - top - 12) * f;
    line(pen, [[left, top], [left, bottom], [right, bottom]], ink("line"), 1);
    let free = -Infinity;
    for (const [f, text] of across) {
      const half = pen.measureText(text).width / 2, at = Math.min(x(f), width - half - 2);
      if (at - half > free) { write(pen, text, at, bottom + 15, "center"); free = at + half + 6; }
    }
    for (const [f, text] of up) { write(pen, text, left - 6, y(f) + 4, "right", left - 8); line(pen, [[left - 4, y(f)], [left, y(f)]], ink("line"), 1); }
    write(pen, names[0], (left + right) / 2, height - 6, "center", right - left); write(pen, names[1], 4, 13, "left", width - 8);
    return { x, y };
  }
  function importance(place, result, metric, width) {
    const shown = result.effects.slice(0, 10), height = 12 + 26 * shown.length, percent = (f) => (100 * f).toFixed(100 * f < 9.95 ? 1 : 0) + " %";
    const label = shown.map((e) => `${e.name}: ${percent(e.share)} (${percent(e.low)} to ${percent(e.high)})`).join("; ");
    const { pen } = figure(place, `Which parameters matter: share of the variance of ${metric} with its 95 % interval; blue: more than chance. Noise and pairs of parameters: ${percent(result.noise)}.`, width, height, label);
    const left = Math.min(150, width / 3), most = Math.max(0.05, ...shown.map((e) => e.high)), x = (f) => left + (width - left - 126) * f / most;
    shown.forEach((effect, n) => {
      const y = 16 + 26 * n, style = ink(effect.matters ? "link" : "soft");
      write(pen, effect.name + (effect.repeat ? " (repeat)" : ""), left - 8, y + 4, "right", left - 10);
      pen.globalAlpha = effect.matters ? 0.85 : 0.35; pen.fillStyle = style; pen.fillRect(left, y - 8, Math.max(1, x(effect.share) - left), 16); pen.globalAlpha = 1;
      line(pen, [[x(effect.low), y], [x(effect.high), y]], ink("ink"), 1.5);
      for (const end of [effect.low, effect.high]) line(pen, [[x(end), y - 4], [x(end), y + 4]], ink("ink"), 1.5);
      write(pen, `${percent(effect.share)} (${(100 * effect.low).toFixed(1)}–${(100 * effect.high).toFixed(1)})`, x(effect.high) + 6, y + 4, "left");
    });
  }
  // Points in their order of time, and the best so far as steps.
  function progress(place, points, metric, low, scaleOf, width) {
    const height = 250, spent = points.map(([time]) => (time - points[0][0]) / 3600), hours = spent[spent.length - 1] >= 2, unit = hours ? 1 : 60;
    const across = scaleOf(spent.map((v) => v * unit)), up = scaleOf(points.map((p) => p[1]), metric);
    let best = null; const steps = [];
    points.forEach(([, value], i) => { if (up.at(i) !== null && (best === null || (low ? value < best : value > best))) { if (best !== null) steps.push([across.at(i), steps[steps.length - 1][1]]); steps.push([across.at(i), up.at(i)]); best = value; } });
    const { pen } = figure(place, `Best so far: ${metric}, ${low ? "lowest" : "highest"} first`, width, height, `${metric} of ${points.length} runs as they ended; the best so far ends at ${short(best)}`);
    const { x, y } = frame(pen, width, height, across.ticks, up.ticks, [hours ? "hours since the first run ended" : "minutes since the first run ended", metric]);
    pen.globalAlpha = 0.4; points.forEach((_, i) => { if (up.at(i) !== null) dot(pen, x(across.at(i)), y(up.at(i)), 2, ink("soft")); }); pen.globalAlpha = 1;
    if (steps.length) line(pen, [...steps, [1, steps[steps.length - 1][1]]].map(([a, b]) => [x(a), y(b)]), ink("link"), 2.5);
  }
  // Runs by one parameter, and the mean of each of its levels where there are few.
  function response(place, values, scores, name, metric, scaleOf, width) {
    const height = 250, across = scaleOf(values, name), up = scaleOf(scores, metric), levels = new Map();
    const { pen } = figure(place, `${metric} by ${name}: runs, and the mean of each value`, width, height, `${metric} of ${scores.length} runs against ${name}`);
    const { x, y } = frame(pen, width, height, across.ticks, up.ticks, [name, metric]);
    pen.globalAlpha = scores.length > 500 ? 0.25 : 0.5;
    values.forEach((value, i) => {
      if (across.at(i) === null || up.at(i) === null) return;
      dot(pen, x(across.at(i)), y(up.at(i)), 2.2, ink("soft"));
      const level = levels.get(value) || [across.at(i), 0, 0]; level[1] += scores[i]; level[2]++; levels.set(value, level);
    });
    pen.globalAlpha = 1;
    if (levels.size > 30) return;
    const means = [...levels.values()].map(([f, total, count]) => [x(f), up.place ? y(up.place(total / count)) : 0]).sort((a, b) => a[0] - b[0]);
    if (across.numeric) line(pen, means, ink("link"), 2);
    for (const [a, b] of means) dot(pen, a, b, 4.5, ink("link"));
  }
  // A line for each run, coloured by the metric; to drag along an axis keeps the runs within.
  function parallel(place, axes, rows, kept, low, width, brush) {
    const gap = Math.max(96, (width - 130) / (axes.length - 1)), wide = Math.round(130 + gap * (axes.length - 1)), height = 300, x = (k) => 65 + gap * k, y = (f) => height - 26 - (height - 66) * f;
    const metric = axes[axes.length - 1], { canvas, pen } = figure(place, `Every run as a line, coloured by ${metric.name}. Drag along an axis to keep the runs within; the filter below its heading does the same.`, wide, height, `Parallel coordinates of ${rows} runs over ${axes.map((a) => a.name).join(", ")}`);
    const path = (i) => axes.map((axis, k) => { const f = axis.scale.at(i); return f === null ? null : [x(k), y(f)]; }).filter(Boolean);
    const shade = (i) => { const f = metric.scale.at(i); return f === null ? -1 : low ? f : 1 - f; };
    const order = Array.from({ length: rows }, (_, i) => i).filter((i) => kept[i] && shade(i) >= 0).sort((a, b) => shade(b) - shade(a));
    pen.globalAlpha = 0.5; const faint = ink("line"), night = dark();
    for (let i = 0; i < rows; i += Math.ceil(rows / 1000)) if (!kept[i]) line(pen, path(i), faint, 0.7);
    pen.globalAlpha = order.length > 1000 ? 0.35 : 0.7;
    for (const i of order) line(pen, path(i), colour(night ? 1 - shade(i) : shade(i)), 1.1);
    pen.globalAlpha = 1;
    axes.forEach((axis, k) => {
      line(pen, [[x(k), y(0)], [x(k), y(1)]], ink("soft"), 1.2);
      pen.font = "600 12px system-ui, sans-serif"; write(pen, axis.name, x(k), 16, "center", gap - 8); pen.font = "12px system-ui, sans-serif";
      for (const [f, text] of axis.scale.ticks) write(pen, text, x(k) + 5, y(f) + 4, "left", gap - 14);
    });
    let from = null;
    const spot = (event) => { const box = canvas.getBoundingClientRect(); return [Math.round((event.clientX - box.left - 65) / gap), Math.min(1, Math.max(0, (height - 26 - (event.clientY - box.top)) / (height - 66)))]; };
    canvas.addEventListener("pointerdown", (event) => { const [k, f] = spot(event); if (axes[k]) { from = [k, f]; canvas.setPointerCapture(event.pointerId); } });
    canvas.addEventListener("pointermove", (event) => { if (from) { const [, f] = spot(event); pen.fillStyle = ink("link"); pen.globalAlpha = 0.1; pen.fillRect(x(from[0]) - 6, y(Math.max(f, from[1])), 12, Math.abs(y(f) - y(from[1]))); pen.globalAlpha = 1; } });
    canvas.addEventListener("pointerup", (event) => {
      if (!from) return;
      const [k, start] = from, [, end] = spot(event); from = null;
      brush(axes[k].name, Math.abs(end - start) < 0.01 ? "" : axes[k].scale.within(Math.min(start, end), Math.max(start, end)));
    });
  }
  return { importance, progress, response, parallel };
})();
