"use strict";
// What all scripts share: data, elements, units, notices, colours, tips and CSV.

const looptree = { data: JSON.parse(document.getElementById("data").textContent) };

looptree.element = function (name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null && value !== false) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
};

looptree.svg = function (name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
};

looptree.short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const UNITS = {
  B: [[1, "B"], [2 ** 10, "KiB"], [2 ** 20, "MiB"], [2 ** 30, "GiB"], [2 ** 40, "TiB"]],
  pJ: [[1, "pJ"], [1e3, "nJ"], [1e6, "uJ"], [1e9, "mJ"], [1e12, "J"]],
};
const COUNTS = [[1, ""], [1e3, "thousand"], [1e6, "million"], [1e9, "billion"], [1e12, "trillion"]];

// The unit in which a value reads best: what one of it is worth, and its name.
looptree.unit = function (value, unit) {
  const known = UNITS[unit] || COUNTS.map(([factor, name]) => [factor, `${name} ${unit}`.trim()]);
  return known.filter(([factor]) => factor <= Math.abs(value)).pop() || known[0];
};

looptree.digits = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 4 });

looptree.amount = function (value, unit) {
  const [factor, name] = looptree.unit(value, unit);
  return `${looptree.digits(value / factor)} ${name}`.trim();
};

looptree.exact = (value, unit) => `${value.toLocaleString("en-US", { maximumFractionDigits: 6 })} ${unit}`;

looptree.say = function (text) {
  document.getElementById("said").textContent = text;
};

looptree.term = function (key, text) {
  return looptree.element("a", { href: `#term-${key}`, class: "term", "data-term": key }, text || looptree.data.terms[key][0]);
};

// -- colours ---------------------------------------------------------------------------------

function chooseTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const button of document.querySelectorAll(".theme button")) {
    button.setAttribute("aria-pressed", String(button.dataset.theme === theme));
  }
}

for (const button of document.querySelectorAll(".theme button")) {
  button.addEventListener("click", () => chooseTheme(button.dataset.theme));
}

// Fills that can be told apart without colour: plain, striped one way, dotted, striped the other way, crossed.
const PATTERNS = ["", "M0,6L6,0", "M2,3h2", "M0,0L6,6", "M0,6L6,0M0,0L6,6", "M0,3h6", "M3,0v6", ""];

looptree.patterns = function () {
  const made = PATTERNS.map((path, index) =>
    looptree.svg(
      "pattern",
      { id: `fill-${index}`, width: 6, height: 6, patternUnits: "userSpaceOnUse" },
      looptree.svg("rect", { width: 6, height: 6, fill: `var(--c${index})` }),
      looptree.svg("path", { d: path, stroke: "var(--paper)", "stroke-width": index === 2 ? 2 : 1.1, "stroke-opacity": 0.75 }),
    ),
  );
  const again = looptree.svg(
    "pattern",
    { id: "fill-again", width: 7, height: 7, patternUnits: "userSpaceOnUse" },
    looptree.svg("rect", { width: 7, height: 7, fill: "var(--again)" }),
    looptree.svg("path", { d: "M0,7L7,0", stroke: "var(--paper)", "stroke-width": 1.6 }),
  );
  const hidden = looptree.svg("svg", { width: 0, height: 0, "aria-hidden": "true", style: "position:absolute" });
  hidden.append(looptree.svg("defs", {}, ...made, again));
  document.body.append(hidden);
};

looptree.fill = (index) => `url(#fill-${index % (PATTERNS.length - 1)})`;

looptree.legend = function (entries) {
  const list = looptree.element("ul", { class: "legend" });
  for (const [fill, text, className] of entries) {
    const swatch = looptree.svg("svg", { "aria-hidden": "true", viewBox: "0 0 18 14" });
    swatch.append(looptree.svg("rect", { x: 1, y: 1, width: 16, height: 12, fill: fill || null, class: className || null }));
    list.append(looptree.element("li", {}, swatch, text));
  }
  return list;
};

// -- definitions at the pointer, or where the keyboard is ----------------------------------------

const tip = document.getElementById("tip");

function showTip(link) {
  const [name, unit, meaning] = looptree.data.terms[link.dataset.term];
  tip.textContent = `${name}${unit ? ` (${unit})` : ""}: ${meaning}`;
  tip.hidden = false;
  const place = link.getBoundingClientRect();
  const left = Math.max(8, Math.min(place.left, document.documentElement.clientWidth - tip.offsetWidth - 8));
  tip.style.left = `${left + window.scrollX}px`;
  tip.style.top = `${place.bottom + window.scrollY + 6}px`;
  link.setAttribute("aria-describedby", "tip");
}

function hideTip() {
  tip.hidden = true;
}

for (const [come, leave] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  document.addEventListener(come, (event) => {
    const link = event.target.closest && event.target.closest("a.term");
    if (link) showTip(link);
  });
  document.addEventListener(leave, hideTip);
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideTip();
});

// -- CSV -----------------------------------------------------------------------------------------

// The exact values of a table, one row per row.
looptree.csv = function (table) {
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [...table.rows]
    .map((row) => [...row.cells].map((cell) => quoted(cell.dataset.v ?? cell.dataset.csv ?? cell.textContent)).join(","))
    .join("\n")
    .concat("\n");
};

looptree.save = function (name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = looptree.element("a", { href: address, download: `${name}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
  looptree.say(`${name}.csv saved`);
};

for (const button of document.querySelectorAll("button.csv")) {
  button.addEventListener("click", () => {
    looptree.save(button.dataset.file, looptree.csv(document.getElementById(button.dataset.table)));
  });
}
