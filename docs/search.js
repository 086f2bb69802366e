// Search in the pages of the site: sections in which all words stand, those with them in a heading first.
(function () {
  "use strict";
  const sections = JSON.parse(document.getElementById("sections").textContent), field = document.getElementById("q"), list = document.getElementById("hits"), count = document.getElementById("count");
  const MOST = 30, AROUND = 90;
  function add(parent, name, text, attributes) {
    const made = document.createElement(name); if (text) made.textContent = text;
    for (const key in attributes || {}) made.setAttribute(key, attributes[key]);
    parent.append(made); return made;
  }
  function show() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean), hits = [];
    for (const [address, page, heading, text] of sections) {
      const title = (page + " " + heading).toLowerCase(), body = text.toLowerCase();
      if (words.length && words.every((word) => title.includes(word) || body.includes(word))) hits.push([words.filter((word) => title.includes(word)).length, address, page, heading, text]);
    }
    hits.sort((a, b) => b[0] - a[0]);
    list.replaceChildren();
    count.textContent = words.length ? `${hits.length} sections` + (hits.length > MOST ? `, the first ${MOST} are shown` : "") : "";
    for (const [, address, page, heading, text] of hits.slice(0, MOST)) {
      const item = add(list, "li"), at = Math.max(0, text.toLowerCase().indexOf(words[0]) - AROUND);
      add(item, "a", heading && heading !== page ? `${page}: ${heading}` : page, { href: address });
      add(item, "p", (at ? "… " : "") + text.slice(at, at + 2.5 * AROUND) + (text.length > at + 2.5 * AROUND ? " …" : ""));
    }
    history.replaceState(null, "", "#" + encodeURIComponent(field.value));
  }
  field.addEventListener("input", show);
  field.value = decodeURIComponent(location.hash.slice(1)); show(); field.focus();
})();
