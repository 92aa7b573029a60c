// Charts, drawn by Observable Plot from the data of their elements.

looptree.charts = {};

const barsHeight = 260;

// Few rows lie on their side, many stand next to each other.
looptree.charts.bars = function (place, data, width) {
  const largest = Math.max(...data.bars.map((bar) => Object.values(bar.values).reduce((a, b) => a + b, 0)), data.limit ? data.limit[1] : 0);
  if (largest === 0) {
    place.replaceChildren(looptree.element("p", { class: "note" }, "All of these are zero."));
    return;
  }
  const [factor, unit] = looptree.unit(largest, data.unit);
  const names = [...new Set(data.bars.map((bar) => bar.bar))];
  const parts = data.parts.filter((part) => data.bars.some((bar) => bar.values[part]));
  const cells = data.bars.flatMap((bar) =>
    data.parts
      .filter((part) => bar.values[part])
      .map((part) => ({
        row: bar.row,
        bar: bar.bar,
        part,
        value: bar.values[part] / factor,
        title: `${bar.row === bar.bar ? "" : `${data.across} ${bar.row}, `}${bar.bar}\n${part}: ${looptree.amount(bar.values[part], data.unit)}`,
      })),
  );
  const fills = data.parts.map((_, index) => looptree.fill(index));
  const common = {
    width,
    style: { background: "transparent", fontSize: "12px" },
    color: { type: "ordinal", domain: data.parts, range: fills },
  };
  const rows = [...new Set(data.bars.map((bar) => bar.row))];
  const broad = Math.min(Math.max(width, 60 + data.bars.length * (names.length > 1 ? 9 : 18)), 130 + data.bars.length * 90);
  const tilted = data.across !== "group" && 7.5 * Math.max(...rows.map((row) => looptree.short(row, 18).length)) > (broad - 100) / rows.length;
  const lying = data.bars.every((bar) => bar.row === bar.bar);
  // A row in which all is zero has a bar of no height: Plot would leave it out, and begin the axis anew behind it.
  const zero = rows.filter((row) => !cells.some((cell) => cell.row === row)).map((row) => ({ row, bar: names[0], part: parts[0], value: 0 }));
  const pale = (cell) => (names.length > 1 && cell.bar === names[0] ? 0.6 : 1);
  const drawn = lying
    ? Plot.plot({
        ...common,
        ...lengthwise(names, data, unit, cells),
        y: { label: null, domain: names },
      })
    : Plot.plot({
        ...common,
        width: broad,
        height: barsHeight + (tilted ? 72 : 0),
        marginLeft: 72,
        marginBottom: tilted ? 108 : 36,
        fx: {
          label: data.across === "group" ? data.across : null,
          padding: 0.12,
          domain: rows,
          axis: "bottom",
          tickRotate: tilted ? -55 : 0,
          tickFormat: (row) => looptree.short(row, 18),
        },
        x: { axis: null, domain: names, padding: 0.06 },
        y: { label: unit, grid: true },
        marks: [
          Plot.barY([...cells, ...zero], { fx: "row", x: "bar", y: "value", fill: "part", fillOpacity: pale, title: "title" }),
          Plot.ruleY([0]),
          data.limit ? Plot.ruleY([data.limit[1] / factor], { stroke: "var(--ink)", strokeDasharray: "6 3" }) : null,
        ],
      });
  const entries = parts.map((part) => [looptree.fill(data.parts.indexOf(part)), part]);
  if (!lying && names.length > 1) entries.push([null, `left, pale: ${names[0]}; right: ${names[1]}`, "map-all"]);
  if (data.limit) entries.push([null, `dashed line: ${data.limit[0]}, ${looptree.amount(data.limit[1], data.unit)}`, "map-all"]);
  drawn.setAttribute("aria-hidden", "true");
  place.replaceChildren(looptree.legend(entries), drawn);
};

// The length of bars, from zero on or, where one is many times another, on a logarithmic scale.
function lengthwise(names, data, unit, cells) {
  const many = names.length > 4;
  const common = {
    height: 72 + (many ? 28 : 44) * names.length,
    marginLeft: 12 + 7.2 * Math.max(...names.map((name) => name.length)),
    marginBottom: 42,
  };
  const bar = { y: "bar", fill: "part", title: "title", insetTop: 4, insetBottom: 4 };
  const alone = new Set(cells.map((cell) => cell.part)).size === 1; // then a number can stand at the end of each bar
  const ends = alone ? Plot.text(cells, { y: "bar", x: "value", text: (cell) => looptree.digits(cell.value), textAnchor: "start", dx: 5 }) : null;
  if (alone) common.marginRight = 64;
  if (!data.log) {
    return { ...common, x: { label: unit || null, grid: true }, marks: [Plot.barX(cells, { ...bar, x: "value" }), Plot.ruleX([0]), ends] };
  }
  const values = cells.map((cell) => cell.value);
  const domain = [Math.min(...values) / 2, Math.max(...values) * 1.2];
  return {
    ...common,
    x: { type: "log", label: unit || null, grid: true, domain, tickFormat: looptree.digits },
    marks: [Plot.barX(cells, { ...bar, x1: domain[0], x2: "value" }), Plot.ruleX([domain[0]]), ends],
  };
}

const SYMBOLS = ["circle", "triangle", "square", "diamond", "star", "cross", "wye"];

looptree.charts.roofline = function (place, data, width) {
  const dots = data.series.flatMap((series, index) => series.dots.map((dot) => ({ ...dot, plan: series.plan, name: series.name, index })));
  if (!dots.length) {
    place.replaceChildren(looptree.element("p", {}, "No group moves data off chip."));
    return;
  }
  const xs = dots.map((dot) => dot.x);
  const knee = data.bandwidth ? data.peak / data.bandwidth : Math.min(...xs);
  const [low, high] = [Math.min(...xs, knee) / 2, Math.max(...xs, knee) * 2];
  const roof = data.bandwidth ? [[low, low * data.bandwidth], [knee, data.peak], [high, data.peak]] : [[low, data.peak], [high, data.peak]];
  const drawn = Plot.plot({
    width,
    height: 390,
    marginTop: 44,
    marginLeft: 62,
    marginBottom: 44,
    style: { background: "transparent", fontSize: "12px" },
    x: { type: "log", label: "operations per off-chip byte", grid: true, domain: [low, high], tickFormat: looptree.digits },
    y: { type: "log", label: "operations per cycle", grid: true, tickFormat: looptree.digits },
    symbol: { domain: data.series.map((series) => series.name), range: SYMBOLS },
    color: { type: "ordinal", domain: data.series.map((series) => series.name), range: ["var(--c1)", "var(--c0)"].slice(-data.series.length) },
    marks: [
      Plot.line(roof, { stroke: "var(--ink)", strokeWidth: 2 }),
      Plot.text([[high, data.peak]], { text: [`${looptree.digits(data.peak)} operations per cycle`], textAnchor: "end", dy: -15 }),
      Plot.dot(dots, {
        x: "x",
        y: "y",
        symbol: "name",
        stroke: "name",
        fill: "name",
        fillOpacity: 0.45,
        r: 5,
        title: (dot) => `${dot.name}, group ${dot.label}\n${looptree.digits(dot.x)} operations per byte\n${looptree.digits(dot.y)} operations per cycle`,
      }),
    ],
  });
  drawn.setAttribute("aria-hidden", "true");
  [...drawn.querySelectorAll("[aria-label='dot'] > *")].forEach((mark, index) => {
    mark.style.cursor = "pointer";
    mark.addEventListener("click", () => goToGroup(dots[index].plan, dots[index].group));
  });
  place.replaceChildren(shapes(data.series.map((series) => series.name), data.series.length > 1 ? ["--c1", "--c0"] : ["--c0"]), drawn);
};

// A click on what stands for a group shows the group.
function goToGroup(plan, group) {
  if (plan !== looptree.chosen.plan) looptree.choosePlan(plan);
  looptree.chooseGroup(group);
  document.getElementById("group-panel").scrollIntoView();
}

function shapes(names, colours) {
  const list = looptree.element("ul", { class: "legend" });
  const paths = [d3.symbolCircle, d3.symbolTriangle, d3.symbolSquare, d3.symbolDiamond, d3.symbolStar, d3.symbolCross, d3.symbolWye];
  names.forEach((name, index) => {
    const colour = `var(${colours[index % colours.length]})`;
    const swatch = looptree.svg("svg", { "aria-hidden": "true", viewBox: "-9 -7 18 14" });
    swatch.append(looptree.svg("path", { d: d3.symbol(paths[index % paths.length], 60)(), fill: colour, "fill-opacity": 0.45, stroke: colour }));
    list.append(looptree.element("li", {}, swatch, name));
  });
  return list;
}

// Powers of two to mark a logarithmic axis with, as many as there is room for.
function sizesFrom(least, most, width) {
  const [first, last] = [Math.ceil(Math.log2(least)), Math.floor(Math.log2(most))];
  const step = Math.max(1, Math.ceil(((last - first + 1) * 64) / width));
  return Array.from({ length: Math.max(0, Math.floor((last - first) / step) + 1) }, (_, index) => 2 ** (last - index * step)).reverse();
}

// A curve or a front: a point that is chosen says below what design stands behind it.
looptree.charts.curve = function (place, data, width) {
  const [[xTitle, xUnit], [yTitle, yUnit]] = data.axes;
  const dots = data.series.flatMap((series) => series.dots.map((dot) => ({ ...dot, name: series.name })));
  const unitOf = (values, unit) => (unit ? looptree.unit(Math.max(...values), unit) : [1, ""]);
  const [xFactor, xName] = unitOf(dots.map((dot) => dot.x), xUnit);
  const [yFactor, yName] = unitOf(dots.map((dot) => dot.y), yUnit);
  const titled = (title, unit) => (unit ? `${title} (${unit})` : title);
  const names = data.series.map((series) => series.name);
  const xs = dots.map((dot) => dot.x);
  const scaleOf = (values) => (values.every((value) => value > 0) ? "log" : "linear");
  const colours = ["--c1", "--c0", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7"];
  const sizes = xUnit === "B" && scaleOf(xs) === "log";
  const xAxis = sizes
    ? { type: "log", base: 2, label: xTitle, grid: true, ticks: sizesFrom(Math.min(...xs), Math.max(...xs), width).map((size) => size / xFactor), tickFormat: (size) => looptree.amount(size * xFactor, "B") }
    : { type: scaleOf(xs), label: titled(xTitle, xName), grid: true, tickFormat: "~r" };
  const drawn = Plot.plot({
    width,
    height: 380,
    marginLeft: 62,
    marginBottom: 44,
    style: { background: "transparent", fontSize: "12px" },
    x: xAxis,
    y: { type: scaleOf([...dots.map((dot) => dot.y), ...data.rules.map((rule) => rule[1])]), insetTop: 12, insetBottom: 8, label: titled(yTitle, yName), grid: true, tickFormat: "~r" },
    symbol: { domain: names, range: SYMBOLS },
    color: { type: "ordinal", domain: names, range: colours.map((colour) => `var(${colour})`) },
    marks: [
      data.rules.map(([name, value]) => [
        Plot.ruleY([value / yFactor], { stroke: "var(--ink)", strokeDasharray: "6 3" }),
        Plot.text([[Math.min(...dots.map((dot) => dot.x)) / xFactor, value / yFactor]], { text: [name], textAnchor: "start", dx: 4, dy: -7 }),
      ]),
      data.joined && Plot.line(dots, { x: (dot) => dot.x / xFactor, y: (dot) => dot.y / yFactor, z: "name", stroke: "name", curve: data.steps ? "step-after" : "linear" }),
      Plot.dot(dots, { x: (dot) => dot.x / xFactor, y: (dot) => dot.y / yFactor, symbol: "name", stroke: "name", fill: "name", fillOpacity: 0.45, r: 5 }),
      Plot.dot(dots.filter((dot) => dot.ringed), { x: (dot) => dot.x / xFactor, y: (dot) => dot.y / yFactor, stroke: "var(--ink)", r: 10, strokeWidth: 1.5 }),
    ],
  });
  const details = looptree.element("div", { class: "note point", role: "status", tabindex: "0", "aria-label": "Design behind the chosen point" }, "Choose a point to see the design behind it.");
  const marks = [...drawn.querySelector("[aria-label='dot']").children];
  for (const part of drawn.querySelectorAll("g[aria-label]")) {
    if (part.contains(marks[0])) part.setAttribute("role", "group");
    else part.setAttribute("aria-hidden", "true");
  }
  marks.forEach((mark, index) => {
    const dot = dots[index];
    mark.setAttribute("tabindex", "0");
    mark.setAttribute("role", "button");
    mark.setAttribute("aria-pressed", "false");
    mark.setAttribute("aria-label", `${dot.name}, ${dot.label}: ${looptree.amount(dot.x, xUnit)}, ${looptree.amount(dot.y, yUnit)}`);
    const choose = () => {
      const lines = [names.length > 1 ? `${dot.name}, ${dot.label}` : dot.label, `${xTitle} ${looptree.exact(dot.x, xUnit)}, ${yTitle} ${looptree.exact(dot.y, yUnit)}`, ...dot.details];
      details.replaceChildren(...lines.map((line) => looptree.element("p", {}, line)));
      if (dot.plan) {
        const show = looptree.element("button", { type: "button" }, "Show its groups and steps");
        show.addEventListener("click", () => document.getElementById("graph").scrollIntoView());
        details.append(show);
        looptree.choosePlan(dot.plan);
      }
      for (const other of marks) other.setAttribute("aria-pressed", String(other === mark));
    };
    mark.addEventListener("click", choose);
    mark.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose();
      }
    });
  });
  place.replaceChildren(shapes(names, colours), drawn, details);
};

// Widths are asked for before all drawing: in between, each question would lay the page out once more.
looptree.drawCharts = function () {
  const places = [...document.querySelectorAll("[data-chart]")];
  const widths = places.map((place) => Math.max(320, place.clientWidth - 2));
  places.forEach((place, index) => {
    looptree.charts[place.dataset.chart](place, looptree.data[place.id], widths[index]);
    const drawn = place.querySelector(":scope > svg");
    if (drawn && Number(drawn.getAttribute("width")) > widths[index] + 2) place.tabIndex = 0; // the keyboard scrolls it
  });
};
