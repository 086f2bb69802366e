// Light, dark, or as the system says; kept where the browser allows it.
(function () {
  "use strict";
  const root = document.documentElement;
  const kept = (function () { try { return localStorage.getItem("fourfold-theme"); } catch (error) { return null; } })();
  if (kept) root.dataset.theme = kept;
  // A figure on white is turned dark with the page; a photograph stays as it is.
  document.addEventListener("load", function (event) {
    const picture = event.target, [wide, high] = [picture.naturalWidth, picture.naturalHeight];
    if (picture.nodeName !== "IMG" || !wide || !high) return;
    const paper = document.createElement("canvas"), pen = paper.getContext("2d");
    paper.width = 4; paper.height = 1; pen.fillStyle = "#fff"; pen.fillRect(0, 0, 4, 1);
    [[0, 0], [wide - 1, 0], [0, high - 1], [wide - 1, high - 1]].forEach(([x, y], n) => pen.drawImage(picture, x, y, 1, 1, n, 0, 1, 1));
    try { if (pen.getImageData(0, 0, 4, 1).data.every((value) => value > 245)) picture.classList.add("plain"); } catch (error) { /* a file beside a page from disk is not to be looked into */ }
  }, true);
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
