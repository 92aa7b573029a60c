// The layer graph: frames of groups that can be chosen, moved by scrolling, larger or smaller by buttons.

looptree.chosen = { plan: null, group: 0 };
looptree.zoom = null;

// Where the whole graph would be too small to read, it starts larger than its frame.
const NARROW = 600;
const READABLE = 0.6;

const graphView = document.getElementById("graph-view");

looptree.plan = () => looptree.data.plans[looptree.chosen.plan];

looptree.drawGraph = function () {
  const { graph, groups } = looptree.plan();
  const picture = looptree.svg("svg", { viewBox: `0 0 ${graph.width} ${graph.height}`, role: "group", "aria-label": "Layer graph" });
  const frames = groups.map((group, index) => drawFrame(group, index, graph.frames[index]));
  const edges = looptree.svg("g", { "aria-hidden": "true" });
  for (const edge of graph.edges) {
    const line = looptree.svg("path", { class: edge.off ? "edge off" : "edge on", d: `M${edge.points.map((p) => p.join(",")).join("L")}` });
    line.append(looptree.svg("title", {}, `${edge.tensor}: ${looptree.amount(edge.bytes, "B")}, ${edge.off ? "goes off chip" : "stays on chip"}`));
    edges.append(line);
  }
  const nodes = looptree.svg("g", { "aria-hidden": "true" });
  for (const node of graph.nodes) {
    const label = looptree.svg("text", { x: node.x + 6, y: node.y + 17 }, looptree.short(node.name, 20));
    const rect = looptree.svg("rect", { x: node.x, y: node.y, width: 132, height: 26, rx: 4 });
    nodes.append(looptree.svg("g", { class: "node" }, rect, label));
  }
  picture.append(...frames, edges, nodes);
  graphView.replaceChildren(picture);
  fitGraph();
  if (graphView.clientWidth < NARROW) setZoom(Math.max(looptree.zoom, READABLE));
};

function drawFrame(group, index, [x, y, width, height]) {
  const name = group.layers.length > 1 ? `${group.layers.length} layers, ${group.layers.join(", ")}` : group.layers[0];
  const frame = looptree.svg("g", { class: "frame", role: "button", tabindex: index ? -1 : 0, "aria-pressed": "false" });
  frame.setAttribute("aria-label", `Group ${index + 1}: ${name}`);
  frame.dataset.group = index;
  frame.append(looptree.svg("title", {}, `Group ${index + 1}: ${name}`));
  frame.append(looptree.svg("rect", { class: "box", x, y, width, height, rx: 8 }));
  frame.append(looptree.svg("text", { class: "number", x: x + 8, y: y + 13 }, String(index + 1)));
  frame.addEventListener("click", () => looptree.chooseGroup(index));
  frame.addEventListener("keydown", (event) => frameKey(event, index));
  return frame;
}

function frameKey(event, index) {
  const last = looptree.plan().groups.length - 1;
  const next = { ArrowDown: index + 1, ArrowRight: index + 1, ArrowUp: index - 1, ArrowLeft: index - 1, Home: 0, End: last, Enter: index, " ": index }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  looptree.chooseGroup(Math.min(Math.max(next, 0), last));
  graphView.querySelector(`[data-group="${looptree.chosen.group}"]`).focus({ preventScroll: true });
}

// -- size ------------------------------------------------------------------------------------

function setZoom(zoom, clientX, clientY) {
  const { graph } = looptree.plan();
  const before = looptree.zoom || zoom;
  const view = graphView.getBoundingClientRect();
  const x = clientX === undefined ? view.width / 2 : clientX - view.left;
  const y = clientY === undefined ? view.height / 2 : clientY - view.top;
  const [left, top] = [(graphView.scrollLeft + x) / before, (graphView.scrollTop + y) / before];
  looptree.zoom = Math.min(Math.max(zoom, 0.1), 3);
  const picture = graphView.firstElementChild;
  picture.setAttribute("width", graph.width * looptree.zoom);
  picture.setAttribute("height", graph.height * looptree.zoom);
  graphView.scrollTo(left * looptree.zoom - x, top * looptree.zoom - y);
}

function fitGraph() {
  const { graph } = looptree.plan();
  graphView.style.height = "";
  const whole = Math.min((graphView.clientWidth - 4) / graph.width, (graphView.clientHeight - 4) / graph.height, 1.25);
  graphView.style.height = `${Math.max(160, Math.min(graphView.clientHeight, graph.height * whole + 20))}px`;
  looptree.zoom = null;
  setZoom(whole);
}

function scrollToGroup(index) {
  const [x, y, width, height] = looptree.plan().graph.frames[index].map((value) => value * looptree.zoom);
  const inside = (low, size, from, room) => (low < from ? low - 12 : low + size > from + room ? low + size - room + 12 : from);
  graphView.scrollTo(
    inside(x, Math.min(width, graphView.clientWidth), graphView.scrollLeft, graphView.clientWidth),
    inside(y, Math.min(height, graphView.clientHeight), graphView.scrollTop, graphView.clientHeight),
  );
}

// -- choosing --------------------------------------------------------------------------------

looptree.choosePlan = function (key) {
  looptree.chosen = { plan: key, group: 0 };
  for (const button of document.querySelectorAll("[data-plan]")) button.setAttribute("aria-pressed", String(button.dataset.plan === key));
  const select = document.getElementById("group-select");
  select.replaceChildren(
    ...looptree.plan().groups.map((group, index) => {
      const name = group.layers.length > 2 ? `${group.layers[0]} .. ${group.layers.at(-1)} (${group.layers.length})` : group.layers.join(", ");
      return looptree.element("option", { value: index }, `${index + 1}: ${name}`);
    }),
  );
  looptree.drawGraph();
  const groups = looptree.plan().groups;
  const first = groups.findIndex((group) => group.layers.length > 1);
  looptree.chooseGroup(Math.max(first, 0), { quiet: true });
};

looptree.chooseGroup = function (index, { quiet = false } = {}) {
  looptree.chosen.group = index;
  const { groups } = looptree.plan();
  for (const frame of graphView.querySelectorAll(".frame")) {
    const chosen = Number(frame.dataset.group) === index;
    frame.setAttribute("aria-pressed", String(chosen));
    frame.setAttribute("tabindex", chosen ? 0 : -1);
  }
  document.getElementById("group-select").value = String(index);
  document.getElementById("group-previous").disabled = index === 0;
  document.getElementById("group-next").disabled = index === groups.length - 1;
  scrollToGroup(index);
  showGroup(groups[index], index);
  if (!quiet) looptree.say(`Group ${index + 1} of ${groups.length} chosen: ${groups[index].layers.join(", ")}`);
};

function showGroup(group, index) {
  const plan = looptree.plan();
  document.getElementById("group-title").textContent = `Group ${index + 1} of ${plan.groups.length} (${plan.title}): ${group.layers.join(", ")}`;
  const energy = Object.values(group.energy).reduce((a, b) => a + b, 0);
  const facts = [
    ["offchip_reads", group.reads, "B"],
    ["offchip_writes", group.writes, "B"],
    ...plan.levels.slice(1).map((level) => ["buffer", group.occupancy[level], "B", `${level} needed`]),
    ["operations", group.operations, "operations"],
    ["recomputed", group.recomputed, "operations"],
    ["energy", energy, "pJ"],
    ["latency", group.latency, "cycles"],
  ];
  const list = looptree.element("dl", { class: "facts" });
  for (const [term, value, unit, name] of facts) {
    const exact = looptree.exact(value, unit === "B" ? "bytes" : unit);
    list.append(looptree.element("div", {}, looptree.element("dt", {}, looptree.term(term, name)), looptree.element("dd", { title: exact }, looptree.amount(value, unit))));
  }
  list.append(looptree.element("div", {}, looptree.element("dt", {}, looptree.term("bottleneck")), looptree.element("dd", {}, group.bottleneck)));
  const choices = group.choices.map((text) => looptree.element("p", { class: "note" }, text));
  document.getElementById("group-facts").replaceChildren(list, ...choices);
  looptree.drawTree(document.getElementById("tree-view"), group.tree, plan.levels);
  document.getElementById("nest-view").textContent = group.nest;
  looptree.showSteps(group);
}

looptree.startGraph = function () {
  for (const button of document.querySelectorAll("[data-plan]")) button.addEventListener("click", () => looptree.choosePlan(button.dataset.plan));
  document.getElementById("group-select").addEventListener("change", (event) => looptree.chooseGroup(Number(event.target.value)));
  document.getElementById("group-previous").addEventListener("click", () => looptree.chooseGroup(looptree.chosen.group - 1));
  document.getElementById("group-next").addEventListener("click", () => looptree.chooseGroup(looptree.chosen.group + 1));
  document.getElementById("zoom-in").addEventListener("click", () => setZoom(looptree.zoom * 1.3));
  document.getElementById("zoom-out").addEventListener("click", () => setZoom(looptree.zoom / 1.3));
  document.getElementById("zoom-fit").addEventListener("click", fitGraph);
  graphView.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    setZoom(looptree.zoom * (event.deltaY < 0 ? 1.15 : 1 / 1.15), event.clientX, event.clientY);
  }, { passive: false });
  startDragging();
  looptree.choosePlan(looptree.data.first_plan);
};

// A mouse moves the graph by dragging; fingers scroll it as any other part of a page.
function startDragging() {
  let from = null;
  graphView.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button === 0) from = [event.clientX + graphView.scrollLeft, event.clientY + graphView.scrollTop];
  });
  window.addEventListener("pointermove", (event) => {
    if (!from) return;
    graphView.classList.add("dragging");
    graphView.scrollTo(from[0] - event.clientX, from[1] - event.clientY);
  });
  window.addEventListener("pointerup", () => {
    from = null;
    graphView.classList.remove("dragging");
  });
}
