// Light and dark, search, and buttons that copy code. Nothing is loaded from elsewhere.
(function () {
  "use strict";

  // Set before the page is drawn, so that nothing flashes.
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  function kept() {
    try { return localStorage.getItem("theme"); } catch (error) { return null; }
  }
  function setTheme(theme) { root.dataset.theme = theme; }
  function systemTheme() { return system.matches ? "dark" : "light"; }
  setTheme(kept() || systemTheme());
  system.addEventListener("change", function () { if (!kept()) { setTheme(systemTheme()); } });

  function startTheme(button) {
    button.addEventListener("click", function () {
      const theme = root.dataset.theme === "dark" ? "light" : "dark";
      setTheme(theme);
      // A choice that is the system's is none: the page follows the system again.
      try {
        if (theme === systemTheme()) { localStorage.removeItem("theme"); }
        else { localStorage.setItem("theme", theme); }
      } catch (error) { /* without storage the choice lasts for the page */ }
    });
  }

  // The index is a script, not JSON, so that it can also be read where the site is opened from a
  // folder. An entry is a section: title of the page, heading, text, path.
  let index = null;
  function withIndex(base, then) {
    if (index) { then(); return; }
    const script = document.createElement("script");
    script.src = base + "search-index.js";
    script.onload = function () {
      index = window.searchIndex.map(function (entry) {
        return Object.assign(entry, {
          lowTitle: entry.title.toLowerCase(),
          lowHeading: entry.heading.toLowerCase(),
          lowText: entry.text.toLowerCase()
        });
      });
      then();
    };
    document.head.appendChild(script);
  }

  // Every word must be there; where it is decides the order.
  function score(entry, words) {
    let sum = 0;
    for (const word of words) {
      let best = 0;
      if (entry.names.includes(word)) { best = 20; }
      else if (entry.lowTitle.includes(word)) { best = 8; }
      else if (entry.lowHeading.includes(word)) { best = 5; }
      else if (entry.lowText.includes(word)) { best = 1; }
      if (best === 0) { return 0; }
      sum += best;
    }
    // the beginning of a page before its sections
    return sum + (entry.heading === "" ? 1 : 0);
  }

  function search(query) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) { return []; }
    return index
      .map(function (entry) { return { entry: entry, score: score(entry, words) }; })
      .filter(function (found) { return found.score > 0; })
      .sort(function (a, b) { return b.score - a.score; })
      .slice(0, 12)
      .map(function (found) { return found.entry; });
  }

  function startSearch(form) {
    const input = form.querySelector("input");
    const list = form.querySelector(".found");
    function show() {
      const found = search(input.value);
      list.replaceChildren();
      for (const entry of found) {
        const link = document.createElement("a");
        link.href = form.dataset.root + entry.path;
        link.textContent = entry.title;
        if (entry.heading !== "") {
          const small = document.createElement("small");
          small.textContent = entry.heading;
          link.appendChild(small);
        }
        if (list.children.length === 0) { link.className = "first"; }
        const item = document.createElement("li");
        item.appendChild(link);
        list.appendChild(item);
      }
      if (found.length === 0 && input.value.trim() !== "") {
        const item = document.createElement("li");
        item.textContent = "Nothing found.";
        list.appendChild(item);
      }
      list.hidden = input.value.trim() === "";
    }
    input.addEventListener("input", function () { withIndex(form.dataset.root, show); });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      const first = list.querySelector("a");
      if (first) { location.href = first.href; list.hidden = true; }
    });
    form.addEventListener("keydown", function (event) {
      const links = Array.from(list.querySelectorAll("a"));
      const at = links.indexOf(document.activeElement);
      if (event.key === "Escape") { list.hidden = true; input.focus(); }
      if (event.key === "ArrowDown" && at + 1 < links.length) { links[at + 1].focus(); event.preventDefault(); }
      if (event.key === "ArrowUp" && at >= 0) { (links[at - 1] || input).focus(); event.preventDefault(); }
    });
    document.addEventListener("click", function (event) {
      if (!form.contains(event.target)) { list.hidden = true; }
    });
    document.addEventListener("keydown", function (event) {
      if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
        input.focus();
        event.preventDefault();
      }
    });
  }

  // Copies what was typed, without the output.
  function startCopy(block) {
    if (!navigator.clipboard) { return; }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", function () {
      const lines = block.querySelector("pre").innerText.split("\n");
      const typed = lines.filter(function (line) { return !line.startsWith("#>"); });
      navigator.clipboard.writeText(typed.join("\n").trim() + "\n").then(function () {
        button.textContent = "Copied";
        setTimeout(function () { button.textContent = "Copy"; }, 1500);
      });
    });
    block.appendChild(button);
  }

  document.addEventListener("DOMContentLoaded", function () {
    const form = document.querySelector("form.search");
    startTheme(form.querySelector(".theme"));
    startSearch(form);
    document.querySelectorAll("div.sourceCode").forEach(startCopy);
  });
}());
