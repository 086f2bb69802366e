// The statistics of the page of runs: which parameters matter, and which setting is best beyond chance.
// The same methods as the template `comparison` (methods/comparison), for single parameters.
Fourfold.statistics = (function () {
  "use strict";
  const DRAWS = 400, FEW = 5, WIDE = 100, MOST_LEVELS = 60, LEAST_FREE = 6, Z = 1.959963984540054, LUCK = 0.045;
  const sum = (values) => values.reduce((a, b) => a + b, 0), mean = (values) => sum(values) / values.length;
  function lgamma(x) {  // Stirling, after shifting x upwards
    let shift = 0;
    for (; x < 10; x++) shift += Math.log(x);
    return (x - 0.5) * Math.log(x) - x + 0.9189385332046727 + 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5) - shift;
  }
  // The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22, Lentz's method).
  function ibeta(x, a, b) {
    if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - ibeta(1 - x, b, a);
    const front = Math.exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
    let c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), whole = d;
    for (let m = 1; m < 500; m++) {
      for (const part of [m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))]) {
        d = 1 / (1 + part * d); c = 1 + part / c; whole *= c * d;
      }
      if (Math.abs(c * d - 1) < 1e-12) break;
    }
    return front * whole;
  }
  const tail = (f, a, b) => ibeta(b / (b + a * f), b / 2, a / 2);  // of Fisher's F
  function student(upper, free) {  // the quantile with so much above it
    let low = 0, high = 1;
    const above = (t) => ibeta(free / (free + t * t), free / 2, 0.5) / 2;
    while (above(high) > upper) high *= 2;
    for (let n = 0; n < 60; n++) { const middle = (low + high) / 2; if (above(middle) > upper) low = middle; else high = middle; }
    return (low + high) / 2;
  }
  function normals(count) {  // the same at each call, so that the page does not flicker
    let state = 1;
    const uniform = () => { state = (state * 48271) % 2147483647; return state / 2147483647; };
    return Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
  }
  // The noncentrality for which chi-square falls below x with the probability of z (Abdel-Aty 1954, Biometrika 41, p. 538).
  function noncentrality(x, free, z) {
    const at = (l) => { const m = free + l, v = 2 / 9 * (1 + l / m) / m; return (Math.cbrt(x / m) - 1 + v) / Math.sqrt(v); };
    if (!free || at(0) <= z) return 0;
    let low = 0, high = 2 * x + 60;
    for (let n = 0; n < 40; n++) { const middle = (low + high) / 2; if (at(middle) > z) low = middle; else high = middle; }
    return (low + high) / 2;
  }
  // What least squares on these columns leaves of the last one, and how many of them it needed.
  function residual(cross, kept) {
    const all = [...kept, cross.length - 1], a = all.map((i) => all.map((j) => cross[i][j])), size = kept.length;
    let rank = 0;
    for (let k = 0; k < size; k++) {
      if (!(a[k][k] > 1e-9 * cross[kept[k]][kept[k]])) continue;
      rank++;
      for (let i = k + 1; i <= size; i++) {
        const share = a[i][k] / a[k][k];
        if (share) for (let j = k; j <= size; j++) a[i][j] -= share * a[k][j];
      }
    }
    return [Math.max(0, a[size][size]), rank];
  }
  function products(columns) {
    const cross = columns.map(() => new Float64Array(columns.length));
    columns.forEach((one, i) => { for (let j = 0; j <= i; j++) { let total = 0; const other = columns[j]; for (let n = 0; n < one.length; n++) total += one[n] * other[n]; cross[i][j] = cross[j][i] = total; } });
    return cross;
  }
  const centred = (values) => { const middle = mean(values); return values.map((value) => value - middle); };
  // A curve of second degree for many numbers, else one column a level; none if there are too many levels.
  function coded(values) {
    const levels = [...new Set(values)], numbers = values.map((v) => v === null || v === "" ? NaN : Number(v));
    if (levels.length > FEW && numbers.every(Number.isFinite)) {
      const least = numbers.reduce((a, b) => Math.min(a, b)), most = numbers.reduce((a, b) => Math.max(a, b));
      const line = centred(least > 0 && most >= WIDE * least ? numbers.map(Math.log) : numbers), size = Math.sqrt(mean(line.map((v) => v * v)));
      const scaled = line.map((v) => v / size);
      return [scaled, centred(scaled.map((v) => v * v))];
    }
    return levels.length > MOST_LEVELS ? [] : levels.slice(1).map((level) => centred(values.map((v) => Number(v === level))));
  }
  // The share of the variance that each factor explains beyond the others: sums of squares of type II without pairs;
  // noncentralities over their sum and the number of runs (Steiger 2004), intervals drawn as by Weerahandi (1993).
  function importance(scores, factors) {
    const columns = [], blocks = [], seen = new Set();
    for (const { name, values, repeat } of factors) {
      const places = new Map(), twin = values.map((v) => { if (!places.has(v)) places.set(v, places.size); return places.get(v); }).join();
      if (places.size < 2 || seen.has(twin)) continue;
      seen.add(twin);
      const made = coded(values);
      if (made.length) blocks.push({ name, repeat, own: made.map((column) => columns.push(column) - 1) });
    }
    const cross = products([...columns, centred(scores)]), every = columns.map((_, i) => i), [rest, rank] = residual(cross, every);
    const free = scores.length - 1 - rank, whole = cross[every.length][every.length];
    if (free < LEAST_FREE || !(whole > 0)) return null;
    const noise = Math.max(rest, 1e-10 * whole);
    for (const block of blocks) {
      const [without, lower] = residual(cross, every.filter((i) => !block.own.includes(i)));
      block.size = Math.max(0, without - rest); block.free = rank - lower;
      block.strength = Math.max(0, block.size / (noise / free) - block.free);
    }
    const shown = blocks.filter((block) => block.free > 0), total = sum(shown.map((b) => b.strength)) + scores.length;
    const size = sum(shown.map((b) => b.size)), degrees = sum(shown.map((b) => b.free)), tested = shown.filter((b) => !b.repeat).length;
    const [first, second, third] = [0, 1, 2].map((n) => normals(3 * DRAWS).slice(n * DRAWS, (n + 1) * DRAWS));
    for (const block of shown) {
      const drawn = first.map((z, n) => {
        const variance = noise / (free * (1 - 2 / (9 * free) + z * Math.sqrt(2 / (9 * free))) ** 3);
        const own = noncentrality(block.size / variance, block.free, second[n]);
        return own / (own + noncentrality((size - block.size) / variance, degrees - block.free, third[n]) + scores.length);
      }).sort((a, b) => a - b);
      block.share = block.strength / total;
      block.low = Math.min(block.share, drawn[Math.floor(0.025 * DRAWS)]); block.high = Math.max(block.share, drawn[Math.ceil(0.975 * DRAWS) - 1]);
      block.matters = tail(block.size / block.free / (noise / free), block.free, free) * tested < 0.05;  // Bonferroni
    }
    shown.sort((a, b) => (a.repeat || 0) - (b.repeat || 0) || b.share - a.share);
    return { effects: shown, noise: scores.length / total };
  }
  // Settings by their mean, the best first, with the lead of the first and the noise that it is judged by.
  // `groups` have scores, intervals ([low, high] or null) and repeats (the level of each run).
  function rank(groups, low) {
    const sign = low ? -1 : 1, made = groups.map((g) => ({ ...g, mean: mean(g.scores) })), rest = [], levels = [...new Set(groups.flatMap((g) => g.repeats))];
    const blocks = levels.length > 1 && levels.length <= MOST_LEVELS ? levels.slice(1).map(() => []) : [];
    for (const group of made) {
      blocks.forEach((column, k) => { const own = group.repeats.map((level) => Number(level === levels[k + 1])), middle = mean(own); for (const value of own) column.push(value - middle); });
      for (const score of group.scores) rest.push(score - group.mean);
    }
    const [left, used] = residual(products([...blocks, rest]), blocks.map((_, k) => k));
    let free = rest.length - made.length - used, noise = free > 0 ? "repeats" : "";
    const spread = Math.sqrt(left / free), half = (ends) => ends ? (ends[1] - ends[0]) / 2 / Z : NaN;
    for (const group of made) group.error = noise ? spread / Math.sqrt(group.scores.length) : mean(group.intervals.map(half));
    if (!noise) { free = 1e9; noise = made.every((group) => group.error >= 0) ? "intervals" : ""; }
    made.sort((a, b) => sign * (b.mean - a.mean));
    if (!noise || !made.length) return { groups: made, noise: "" };
    const [best, ...others] = made, reach = student(0.025, free), reachOfAll = student(0.025 / Math.max(1, others.length), free);
    for (const group of made) { group.low = group.mean - reach * group.error; group.high = group.mean + reach * group.error; }
    const behind = others.map((group) => [sign * (best.mean - group.mean), Math.hypot(group.error, best.error)]);
    const toward = others.length ? LUCK / made.length : 0.025, down = student(toward, free) * best.error, up = student(0.05 - toward, free) * best.error;
    return {
      groups: made, noise,
      best: low ? [best.mean, best.mean - up, best.mean + down] : [best.mean, best.mean - down, best.mean + up],
      lead: behind.length ? [behind[0][0], behind.reduce((least, [d, e]) => Math.min(least, d - reach * e), Infinity), behind.reduce((least, [d, e]) => Math.min(least, d + reachOfAll * e), Infinity)] : null,
      maybe: 1 + behind.filter(([d, e]) => d <= reach * e).length,
    };
  }
  return { importance, rank, student, tail };
})();
