// The steps of a group: a slider over them, and for each tensor what is in the buffer, new, kept or there again.

const stepsView = document.getElementById("steps-view");
const stepping = { group: null, view: null, step: 0, timer: null, measure: null };
looptree.stepping = stepping;

looptree.showSteps = function (group) {
  stopPlaying();
  stepping.group = group;
  const heading = looptree.element("h4", {}, looptree.term("step", "Steps"), " of the group");
  const { views, problem } = group.steps;
  const note = problem ? looptree.element("p", { class: "note" }, problem) : null;
  if (!views.length) {
    stepsView.replaceChildren(heading, note || looptree.element("p", { class: "note" }, "No tensor has a place on chip in this group."));
    return;
  }
  stepsView.replaceChildren(
    heading,
    ...[note, views.length > 1 ? viewChoice(views) : null].filter((part) => part),
    controls(),
    looptree.element("p", { id: "step-where" }),
    stepLegend(),
    looptree.element("div", { class: "tensors", id: "step-tensors" }),
    looptree.element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Numbers of this step, scrolls sideways", id: "step-table" }),
    looptree.element("p", { id: "step-work" }),
    looptree.element("div", { id: "step-room" }),
  );
  stepping.measure = stepping.measure || (looptree.plan().allocation === "live" ? "live" : "window");
  chooseView(0);
};

function viewChoice(views) {
  const options = views.map((view, index) => {
    const whole = view.layers.length === stepping.group.layers.length;
    const name = view.layers.length > 2 ? `${view.layers[0]} .. ${view.layers.at(-1)}` : view.layers.join(", ");
    return looptree.element("option", { value: index }, whole ? "all layers of the group" : `inside of ${name}`);
  });
  const select = looptree.element("select", { id: "step-view" }, ...options);
  select.addEventListener("change", () => chooseView(Number(select.value)));
  return looptree.element("div", { class: "buttons" }, looptree.element("label", {}, "Storage nodes and loops: ", select));
}

function controls() {
  const button = (id, label, text, act) => {
    const made = looptree.element("button", { type: "button", id, "aria-label": label }, text);
    made.addEventListener("click", act);
    return made;
  };
  const slider = looptree.element("input", { type: "range", id: "step", min: 0, value: 0, step: 1, "aria-label": "Step" });
  slider.addEventListener("input", () => {
    stopPlaying();
    chooseStep(Number(slider.value));
  });
  const move = (by) => () => {
    stopPlaying();
    chooseStep(stepping.step + by);
  };
  return looptree.element(
    "div",
    { class: "slider" },
    button("step-first", "First step", "|<", move(-Infinity)),
    button("step-back", "One step back", "<", move(-1)),
    button("step-play", "Play the steps", "Play", togglePlaying),
    button("step-on", "One step on", ">", move(1)),
    button("step-last", "Last step", ">|", move(Infinity)),
    slider,
    looptree.element("output", { id: "step-number", for: "step" }),
  );
}

function stepLegend() {
  return looptree.legend([
    [null, looptree.term("new"), "map-new"],
    ["url(#fill-again)", looptree.term("again")],
    [null, looptree.term("kept"), "map-kept"],
    [null, looptree.term("held"), "map-held"],
    [null, looptree.element("span", {}, "dashed: ", looptree.term("window", "window")), "map-window"],
  ]);
}

function togglePlaying() {
  if (stepping.timer) {
    stopPlaying();
    return;
  }
  if (stepping.step === stepping.count - 1) chooseStep(0);
  stepping.timer = setInterval(() => {
    chooseStep(stepping.step + 1);
    if (stepping.step === stepping.count - 1) stopPlaying();
  }, 350);
  document.getElementById("step-play").textContent = "Pause";
}

function stopPlaying() {
  clearInterval(stepping.timer);
  stepping.timer = null;
  const button = document.getElementById("step-play");
  if (button) button.textContent = "Play";
}

function chooseView(index) {
  stopPlaying();
  stepping.view = stepping.group.steps.views[index];
  stepping.count = lookup.steps(stepping.view);
  document.getElementById("step").max = Math.max(0, stepping.count - 1);
  drawRoom();
  chooseStep(0);
}

function chooseStep(step) {
  const { view, count } = stepping;
  stepping.step = Math.min(Math.max(step, 0), Math.max(0, count - 1));
  const slider = document.getElementById("step");
  slider.value = stepping.step;
  const at = lookup.locate(view, stepping.step);
  const where = view.loops.map((loop, index) => `${loop.label} (tiles of ${loop.tile}) step ${at.values[index] + 1}`).join(", ");
  const number = `step ${(stepping.step + 1).toLocaleString("en-US")} of ${count.toLocaleString("en-US")}`;
  document.getElementById("step-number").textContent = number;
  slider.setAttribute("aria-valuetext", where ? `${number}: ${where}` : number);
  document.getElementById("step-where").textContent = where ? `Loops: ${where}.` : "No loop: everything happens in one step.";
  document.getElementById("step-tensors").replaceChildren(...view.places.map((place) => tensorCard(place, at)));
  document.getElementById("step-table").replaceChildren(stepTable(view, at));
  const work = lookup.work(view, at);
  const working = work.filter(([, operations]) => operations);
  document.getElementById("step-work").textContent = `Operations at this step: ${working.length ? working.map(([name, operations]) => `${name} ${operations.toLocaleString("en-US")}`).join(", ") : "none"}.`;
  for (const node of document.querySelectorAll("#tree-view [data-einsum]")) {
    node.classList.toggle("now", working.some(([name]) => name === node.dataset.einsum));
  }
  markStep();
}

// -- numbers ---------------------------------------------------------------------------------

// Words of a tensor at a step: needed, kept, new for the first time, there again, room, live.
looptree.stepWords = function (place, at) {
  const needed = lookup.words(place.needed, at.own);
  const arriving = lookup.words(place.arriving, at.own);
  const first = lookup.words(place.first, at.own);
  return { needed, kept: needed - arriving, first, again: arriving - first, window: lookup.words(place.window, at.own), live: lookup.live(place, at) };
};

function stepTable(view, at) {
  const names = { needed: null, kept: "kept", first: "new", again: "again", window: "window", live: "live" };
  const titles = { first: "new", window: "window" };
  const head = Object.entries(names).map(([key, term]) => looptree.element("th", { scope: "col" }, term ? looptree.term(term, titles[key] || (key === "live" ? "live" : null)) : key));
  const rows = view.places.map((place) => {
    const words = looptree.stepWords(place, at);
    const cells = Object.keys(names).map((key) => {
      const note = key === "again" && words.again ? ` ${place.arrival[1]}` : key === "first" && words.first ? ` ${place.arrival[0]}` : "";
      return looptree.element("td", { class: "number", "data-v": words[key] }, words[key].toLocaleString("en-US") + note);
    });
    return looptree.element("tr", {}, looptree.element("th", { scope: "row" }, place.tensor), looptree.element("td", {}, place.level), ...cells);
  });
  return looptree.element(
    "table",
    {},
    looptree.element("caption", {}, "Words at this step"),
    looptree.element("thead", {}, looptree.element("tr", {}, looptree.element("th", { scope: "col" }, "tensor"), looptree.element("th", { scope: "col" }, "memory"), ...head)),
    looptree.element("tbody", {}, ...rows),
  );
}

// -- maps ------------------------------------------------------------------------------------

const MAP = { width: 250, height: 150, unit: 6 };

// The two dimensions that are drawn: those that steps move first, then the innermost (where nothing moves, the longest).
function drawnDimensions(place) {
  const moving = new Set(Object.values(place.needed.tracks).flatMap((track) => Object.keys(track.spans).map(Number)));
  const order = place.shape.map((extent, index) => [moving.has(index) ? 1 : 0, extent > 1 ? 1 : 0, extent, index]);
  const inner = moving.size ? (a, b) => b[3] - a[3] : (a, b) => b[2] - a[2] || a[3] - b[3];
  order.sort((a, b) => b[0] - a[0] || b[1] - a[1] || inner(a, b));
  return order.slice(0, 2).map((entry) => entry[3]).sort((a, b) => a - b);
}

function tensorCard(place, at) {
  const dimensions = drawnDimensions(place);
  const across = dimensions.at(-1);
  const down = dimensions.length > 1 ? dimensions[0] : null;
  const need = lookup.box(place.needed, at.own);
  const window = lookup.box(place.window, at.own);
  const slice = {};
  const inside = need || window;
  place.shape.forEach((_, index) => {
    if (!dimensions.includes(index) && inside) slice[index] = inside[index][0];
  });
  const card = looptree.element("div", { class: "tensor" }, looptree.element("h5", {}, `${place.tensor} in ${place.level}`));
  card.append(tensorMap(place, at, { across, down, slice, need, window }));
  const name = (index) => `${place.dimensions[index]} (${place.shape[index]})`;
  const slices = Object.entries(slice).filter(([index]) => place.shape[index] > 1 && !wholeAlways(place, index));
  const parts = place.shape.length ? [`across: ${name(across)}`, down === null ? "" : `down: ${name(down)}`, ...slices.map(([index, value]) => `at ${place.dimensions[index]} = ${value}`)] : [];
  card.append(looptree.element("p", {}, parts.filter((part) => part).join("; ")));
  return card;
}

const wholeAlways = (place, index) => place.needed.fixed[index] !== undefined;

function tensorMap(place, at, { across, down, slice, need, window }) {
  const [wide, high] = [place.shape[across] || 1, down === null ? 1 : place.shape[down]];
  const scale = Math.min(MAP.width / wide, MAP.height / high);
  const sx = Math.max(scale, Math.min(MAP.unit, MAP.width / wide / 3));
  const sy = Math.max(scale, Math.min(MAP.unit, MAP.height / high / 3));
  const [width, height] = [wide * sx, high * sy];
  const picture = looptree.svg("svg", { viewBox: `-2 -2 ${width + 4} ${height + 4}`, width: width + 4, height: height + 4, role: "img" });
  const words = looptree.stepWords(place, at);
  picture.setAttribute("aria-label", `${place.tensor}: needed ${words.needed}, kept ${words.kept}, new ${words.first}, again ${words.again}, window ${words.window} words`);
  const path = (box) => {
    if (!box || Object.entries(slice).some(([index, value]) => value < box[index][0] || value >= box[index][1])) return "";
    const [left, right] = across === undefined ? [0, 1] : box[across];
    const [top, bottom] = down === null ? [0, 1] : box[down];
    return `M${left * sx},${top * sy}H${right * sx}V${bottom * sy}H${left * sx}z`;
  };
  const draw = (className, boxes, fill) => {
    const d = boxes.map(path).join("");
    if (d) picture.append(looptree.svg("path", { class: className, d, fill: fill || null }));
  };
  const kept = lookup.before(place, at, place.life);
  if (window) draw("map-held", lookup.before(place, at, place.sweep).map((box) => lookup.meet(box, window)));
  if (need) {
    draw("map-new", [need]);
    draw("map-again", lookup.before(place, at, 0).map((box) => lookup.meet(box, need)), "url(#fill-again)");
    draw("map-kept", kept.map((box) => lookup.meet(box, need)));
    draw("map-need", [need]);
  }
  draw("map-window", [window]);
  picture.append(looptree.svg("rect", { class: "map-all", width, height }));
  return picture;
}

// -- room over time ----------------------------------------------------------------------------

const MOST_DRAWN = 1500;

function drawRoom() {
  const place = document.getElementById("step-room");
  const { view, count } = stepping;
  const levels = [...new Set(view.places.map((p) => p.level))];
  const measures = ["window", "live"].map((measure) => {
    const made = looptree.element("button", { type: "button", "aria-pressed": String(stepping.measure === measure) }, `${measure} bytes`);
    made.addEventListener("click", () => {
      stepping.measure = measure;
      drawRoom();
      markStep();
    });
    return made;
  });
  const every = Math.max(1, Math.ceil(count / MOST_DRAWN));
  const charts = levels.map((level) => roomChart(level, every));
  const group = looptree.element("div", { class: "buttons", role: "group", "aria-label": "Measure of room" }, ...measures);
  place.replaceChildren(looptree.element("h4", {}, "Room over time"), group, ...charts);
}

// A double-buffered place takes its space twice.
const bytesOf = (place, words) => Math.ceil((words * place.bits) / 8) * place.copies;

// Bytes of a tensor at a step, by the measure that is shown.
looptree.roomAt = function (place, at, measure) {
  return bytesOf(place, measure === "live" ? lookup.live(place, at) : lookup.words(place.window, at.own));
};

function roomChart(level, every) {
  const { view, count, measure } = stepping;
  const places = view.places.filter((place) => place.level === level);
  const others = view.elsewhere[level] || [];
  const elsewhere = others.reduce((sum, [, bytes]) => sum + bytes, 0);
  const steps = [];
  for (let step = 0; step < count; step += every) steps.push(step);
  const rows = [];
  let most = 0;
  for (const step of steps) {
    const at = lookup.locate(view, step);
    let total = elsewhere;
    if (elsewhere) rows.push({ step: step + 0.5, name: "elsewhere", bytes: elsewhere });
    for (const place of places) {
      const bytes = looptree.roomAt(place, at, measure);
      total += bytes;
      rows.push({ step: step + 0.5, name: place.tensor, bytes });
    }
    most = Math.max(most, total);
  }
  const capacity = looptree.plan().capacity[level];
  const [factor, unit] = looptree.unit(Math.max(most, capacity !== null && capacity < 3 * most ? capacity : 0), "B");
  const names = [...(elsewhere ? ["elsewhere"] : []), ...places.map((place) => place.tensor)];
  const fills = names.map((name, index) => (name === "elsewhere" ? "var(--c7)" : looptree.fill(index)));
  const ends = steps.length > 1 ? rows : rows.flatMap((row) => [{ ...row, step: 0.5 }, { ...row, step: 1.5 }]);
  const within = capacity !== null && capacity < 3 * most;
  const drawn = Plot.plot({
    width: Math.max(320, stepsView.clientWidth - 2),
    height: 220,
    marginLeft: 56,
    marginBottom: 38,
    style: { background: "transparent", fontSize: "12px" },
    x: { label: "step", domain: [0.5, Math.max(count, 1) + 0.5], ticks: Math.min(count, 10), tickFormat: (x) => (Number.isInteger(x) ? x.toLocaleString("en-US") : "") },
    y: { label: unit, grid: true },
    color: { type: "ordinal", domain: names, range: fills },
    marks: [
      Plot.areaY(steps.length > 1 ? ends.concat(rows.slice(-names.length).map((row) => ({ ...row, step: count + 0.5 }))) : ends, {
        x: "step",
        y: (row) => row.bytes / factor,
        z: "name",
        fill: "name",
        order: names,
        curve: "step-after",
        title: "name",
      }),
      Plot.ruleY([0]),
      within ? Plot.ruleY([capacity / factor], { stroke: "var(--ink)", strokeDasharray: "6 3" }) : null,
    ],
  });
  const scale = drawn.scale("x");
  drawn.setAttribute("aria-hidden", "true");
  drawn.append(looptree.svg("line", { class: "now-line", y1: 20, y2: 182, stroke: "var(--focus)", "stroke-width": 2 }));
  drawn.nowAt = (step) => scale.apply(step + 1);
  drawn.addEventListener("click", (event) => {
    const x = event.clientX - drawn.getBoundingClientRect().left;
    chooseStep(Math.round(scale.invert(x)) - 1);
  });
  const entries = names.map((name, index) => [fills[index], name]);
  if (capacity !== null) entries.push([null, `${within ? "dashed line: " : ""}capacity, ${looptree.amount(capacity, "B")}`, "map-all"]);
  const notes = [`${level} at its fullest step here: ${looptree.exact(most, "bytes")}.`];
  if (every > 1) notes.push(`Every ${every} steps are drawn.`);
  if (elsewhere) notes.push(`Elsewhere, at their largest: ${others.map(([name, bytes]) => `${name} ${looptree.amount(bytes, "B")}`).join(", ")}.`);
  const words = looptree.element("p", { class: "note" }, notes.join(" "));
  return looptree.element("div", { class: "chart" }, looptree.legend(entries), drawn, words);
}

function markStep() {
  for (const drawn of document.querySelectorAll("#step-room svg")) {
    const line = drawn.querySelector(".now-line");
    if (!line) continue;
    line.setAttribute("x1", drawn.nowAt(stepping.step));
    line.setAttribute("x2", drawn.nowAt(stepping.step));
  }
}
