// Under `fourfold watch`: mistakes as a banner; the page loads itself again where the reader is.
(function () {
  "use strict";
  const key = "fourfold-watch " + location.pathname, seen = document.currentScript.dataset.file;
  const folds = function () {
    const times = new Map(), all = [];
    for (const each of document.querySelectorAll("details")) {
      const head = each.querySelector("summary"), name = each.id || ((each.closest("[id]") || {}).id || "") + " " + (head ? head.textContent.replace(/\d+/g, "") : "");
      times.set(name, (times.get(name) || 0) + 1);
      all.push([name + " " + times.get(name), each]);
    }
    return all;
  };
  const codes = () => document.querySelector("button.codes");
  let ready = false;  // until then the place kept is that of the page before
  addEventListener("pagehide", function () {
    if (!ready) return;
    const button = codes(), open = folds().map(([name, each]) => [name, each.open]);
    const place = { x: scrollX, y: scrollY, open, codes: !!button && button.getAttribute("aria-pressed") === "true", focus: (document.activeElement || {}).id || "" };
    try { sessionStorage.setItem(key, JSON.stringify(place)); } catch (error) { /* full or forbidden: the page begins at its top */ }
  });
  function back() {
    let place = null;
    try { place = JSON.parse(sessionStorage.getItem(key)); } catch (error) { /* as above */ }
    if (!place || performance.getEntriesByType("navigation")[0].type !== "reload") return;
    if (place.codes && codes()) codes().click();
    const open = new Map(place.open);
    for (const [name, each] of folds()) if (open.has(name)) each.open = open.get(name);
    const field = place.focus && document.getElementById(place.focus);
    if (field) { field.focus({ preventScroll: true }); if (field.type === "search") field.setSelectionRange(field.value.length, field.value.length); }
    return () => scrollTo(place.x, place.y);
  }

  const STYLE = ".watch { position: sticky; top: 0; z-index: 99; margin: 0; padding: .6rem 1rem; max-height: 40vh; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; font: .9rem/1.45 ui-monospace, monospace; color: #fff; background: #9c1c1c; } .watch b { display: block; font-family: system-ui, sans-serif; } .watch.calm { position: fixed; top: auto; bottom: 1rem; right: 1rem; border-radius: .4rem; background: #33475b; font-family: system-ui, sans-serif; } @media print { .watch { display: none; } }";
  const boxes = {};
  function say(name, role, head, text) {
    if (!boxes[name]) {
      const box = boxes[name] = document.createElement("div");
      box.className = name === "problem" ? "watch" : "watch calm";
      box.setAttribute("role", role);
      document.body.prepend(box);
    }
    const box = boxes[name], bold = document.createElement("b");
    bold.textContent = head;
    box.hidden = !text;
    if (text) box.replaceChildren(...(head ? [bold] : []), text); else box.replaceChildren();
  }
  let source = null;
  function listen() {
    if (source || document.hidden) return;  // a browser holds few connections for all of its pages
    source = new EventSource("/.watch?" + location.pathname);
    source.addEventListener("message", function (event) {
      const now = JSON.parse(event.data);
      say("problem", "alert", "Nothing is run until this is corrected; below is the last result.", now.problem);
      say("running", "status", "", now.running);
      if (now.file && now.file !== seen) { source.close(); location.reload(); }
    });
    source.addEventListener("error", () => say("running", "status", "", "fourfold watch has ended; this page stays as it is."));
  }
  document.addEventListener("visibilitychange", function () {
    if (document.hidden && source) { source.close(); source = null; }
    listen();
  });
  document.addEventListener("DOMContentLoaded", function () {
    const style = document.head.appendChild(document.createElement("style"));
    style.textContent = STYLE;
    setTimeout(function () {
      const scroll = back() || (() => {}), settled = () => { scroll(); ready = true; listen(); };
      scroll();
      if (document.readyState === "complete") settled(); else addEventListener("load", settled);
    });
  });
})();
