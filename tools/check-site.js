// What tools/check-site.R runs in Chromium: opens each page at the width of a phone and of a desk, in
// light and dark, and leaves its findings as lines of the element #findings. `pages` and `base` are
// set by the page that loads this.

const phone = 375;
const desk = 1280;
const smallest = 12; // CSS pixels of text
const leastContrast = 4.5; // WCAG 2.1, success criterion 1.4.3, level AA

const findings = [];
function report(page, what) { findings.push(page + ": " + what); }

function describe(element) {
  const name = element.tagName.toLowerCase() + (element.className ? "." + element.className : "");
  return "<" + name + "> " + element.textContent.trim().slice(0, 40).replace(/\s+/g, " ");
}

// Elements with text of their own that is drawn.
function textElements(document) {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const elements = new Set();
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() === "" || parent.closest("script, style, .skip")) { continue; }
    if (parent.checkVisibility({ visibilityProperty: true })) { elements.add(parent); }
  }
  return elements;
}

function colour(text) {
  const parts = text.match(/[\d.]+/g).map(Number);
  return { rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1 };
}
// The first ancestor that is painted; ours have no translucent backgrounds.
function background(element) {
  for (let at = element; at; at = at.parentElement) {
    const found = colour(getComputedStyle(at).backgroundColor);
    if (found.alpha > 0) { return found.rgb; }
  }
  return [255, 255, 255];
}
function luminance(rgb) {
  const linear = rgb.map(function (value) {
    const s = value / 255;
    return s <= 0.04045 ? s / 12.92 : Math.pow((s + 0.055) / 1.055, 2.4);
  });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}
function contrast(a, b) {
  const one = luminance(a);
  const other = luminance(b);
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

function checkPage(page, document) {
  if (!document.querySelector("main h1")) { report(page, "no heading: the page did not load"); }
  if (!document.documentElement.dataset.theme) { report(page, "extra.js did not run"); }
  for (const image of document.images) {
    if (image.naturalWidth === 0 || image.clientWidth === 0 || image.clientHeight === 0) {
      report(page, "picture " + image.getAttribute("src") + " has no size");
    }
  }
}

function checkPhone(page, document) {
  const wide = document.documentElement.scrollWidth;
  if (wide > phone) {
    const outside = Array.from(document.body.querySelectorAll("*")).filter(function (element) {
      return element.getBoundingClientRect().right > phone + 0.5 && !element.closest("pre, .wide, .display-math");
    });
    report(page, "at " + phone + " px the page is " + wide + " px wide, by " + outside.map(describe)[0]);
  }
  for (const element of textElements(document)) {
    const size = parseFloat(getComputedStyle(element).fontSize);
    if (size < smallest && !element.closest("sup, sub, math")) {
      report(page, "text of " + size + " px in " + describe(element));
      break;
    }
  }
}

function checkContrast(page, document, theme) {
  document.documentElement.dataset.theme = theme;
  for (const element of textElements(document)) {
    const ratio = contrast(colour(getComputedStyle(element).color).rgb, background(element));
    if (ratio < leastContrast) {
      report(page, theme + ": contrast of " + ratio.toFixed(1) + " in " + describe(element));
      break;
    }
  }
}

function open(frame, url, width) {
  return new Promise(function (resolve) {
    frame.style.width = width + "px";
    frame.onload = function () { resolve(frame.contentDocument); };
    frame.src = url;
  });
}

// The search finds a function by its name, on the page of the function first.
async function checkSearch(frame) {
  const document = await open(frame, base + "articles/index.html", desk);
  const input = document.querySelector("form.search input");
  input.value = "random_anova";
  input.dispatchEvent(new Event("input"));
  for (let turn = 0; turn < 100 && !document.querySelector(".found a"); turn++) {
    await new Promise(function (resolve) { setTimeout(resolve, 20); });
  }
  const first = document.querySelector(".found a");
  if (!first || !first.href.endsWith("/reference/random_anova.html")) {
    report("search", "random_anova leads to " + (first ? first.href : "nothing"));
  }
}

// The button changes the colours, and the next page keeps them.
async function checkTheme(frame) {
  let document = await open(frame, base + "index.html", desk);
  const before = document.documentElement.dataset.theme;
  document.querySelector(".theme").click();
  document = await open(frame, base + "news/index.html", desk);
  if (document.documentElement.dataset.theme === before) {
    report("theme", "the button's choice is not kept");
  }
  document.querySelector(".theme").click();
}

async function checkAll() {
  const frame = document.querySelector("iframe");
  for (const page of pages) {
    let inside = await open(frame, base + page, phone);
    checkPage(page, inside);
    checkPhone(page, inside);
    inside = await open(frame, base + page, desk);
    checkContrast(page, inside, "light");
    checkContrast(page, inside, "dark");
  }
  await checkSearch(frame);
  await checkTheme(frame);
  document.querySelector("#findings").textContent = findings.join("\n");
  document.querySelector("#end").textContent = "end";
}
window.onload = checkAll;
