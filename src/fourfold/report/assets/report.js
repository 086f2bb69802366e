// Code of all cells at once, everything unfolded on paper, and scrolling tables reached by keys.
(function () {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  document.addEventListener("DOMContentLoaded", function () {
    const button = document.querySelector("button.codes"), codes = document.querySelectorAll("details.code");
    if (button && codes.length) {
      button.hidden = false;
      button.addEventListener("click", function () {
        const open = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(open));
        button.textContent = open ? "Hide code" : "Show code";
        root.classList.toggle("codes", open);
        for (const each of codes) each.open = open;
      });
    }
    // Diagrams of scikit-learn take their colours from a class that their own script would set.
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    for (const each of document.querySelectorAll(".sk-top-container")) each.classList.add(dark ? "dark" : "light");
    let wide = 0;
    for (const box of document.querySelectorAll("main table, main pre, .wide")) {
      if (box.scrollWidth <= box.clientWidth) continue;
      box.tabIndex = 0;
      if (box.tagName !== "TABLE") { box.setAttribute("role", "region"); box.setAttribute("aria-label", "Wide content " + ++wide + ", scrolls sideways"); }
    }
    const folded = () => document.querySelectorAll("details:not(.code):not([open])");
    let opened = [];
    addEventListener("beforeprint", function () { opened = [...folded()]; for (const each of opened) each.open = true; });
    addEventListener("afterprint", function () { for (const each of opened) each.open = false; });
    const links = new Map([...document.querySelectorAll("nav.contents a")].map((a) => [document.getElementById(decodeURIComponent(a.hash.slice(1))), a]));
    const here = function () {
      let found = null;
      for (const target of links.keys()) if (target && target.getBoundingClientRect().top < 120) found = target;
      for (const [target, a] of links) if (target === found) a.setAttribute("aria-current", "location"); else a.removeAttribute("aria-current");
    };
    let asked = false;
    addEventListener("scroll", function () { if (!asked) { asked = true; requestAnimationFrame(function () { asked = false; here(); }); } }, { passive: true });
    here();
  });
})();
