// Light, dark, or as the system says; kept where the browser allows it.
(function () {
  "use strict";
  const root = document.documentElement;
  const kept = (function () { try { return localStorage.getItem("fourfold-theme"); } catch (error) { return null; } })();
  if (kept) root.dataset.theme = kept;
  document.addEventListener("DOMContentLoaded", function () {
    const button = document.querySelector("button.theme");
    button.hidden = false;
    const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const name = () => { button.textContent = dark() ? "Light" : "Dark"; button.setAttribute("aria-label", button.textContent + " colours"); };
    button.addEventListener("click", function () {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem("fourfold-theme", root.dataset.theme); } catch (error) { /* from disk, some browsers keep nothing */ }
      name();
    });
    name();
  });
})();
