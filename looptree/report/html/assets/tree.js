// A LoopTree: storage nodes as drums, loops as boxes, branches as bars over their children, computations as ovals.

const TREE = { gapX: 18, gapY: 20, line: 16, letter: 6.9, most: 34, smallest: 0.65 };

// What is written in a node, wrapped.
function treeLines(node) {
  if (node.kind === "storage") {
    const lines = [];
    for (const name of node.tensors.map((tensor) => looptree.short(tensor, TREE.most))) {
      const last = lines.length - 1;
      if (last >= 0 && lines[last].length + name.length + 2 <= TREE.most) lines[last] += `, ${name}`;
      else lines.push(name);
    }
    const shown = lines.length > 6 ? [...lines.slice(0, 5), `and more, ${node.tensors.length} tensors`] : lines;
    return [node.level, ...shown, ...node.notes];
  }
  if (node.kind === "loop") {
    const lines = [`for ${node.ranks.join(", ")}`, `in tiles of ${node.tile}`];
    return node.axis === null ? lines : ["at once", ...lines, `along ${node.axis}`];
  }
  if (node.kind === "compute") return [looptree.short(node.einsum, TREE.most)];
  return [node.kind];
}

function measureTree(node) {
  const lines = treeLines(node);
  const inside = node.inside.map(measureTree);
  const width = Math.max(...lines.map((line) => line.length)) * TREE.letter + (node.kind === "compute" ? 40 : 24);
  const extra = node.kind === "storage" ? 16 : node.kind === "compute" ? 14 : 10;
  const own = { node, lines, inside, width, height: lines.length * TREE.line + extra };
  const below = inside.reduce((sum, child) => sum + child.span, 0) + TREE.gapX * Math.max(0, inside.length - 1);
  own.span = Math.max(width, below);
  own.depth = own.height + (inside.length ? TREE.gapY + Math.max(...inside.map((child) => child.depth)) : 0);
  return own;
}

function treeShape(kind, x, y, width, height, levelIndex) {
  const [left, right] = [x - width / 2, x + width / 2];
  if (kind === "storage") {
    const rim = 5;
    const body = `M${left},${y + rim}a${width / 2},${rim} 0 0 1 ${width},0v${height - 2 * rim}a${width / 2},${rim} 0 0 1 ${-width},0z`;
    const top = `M${left},${y + rim}a${width / 2},${rim} 0 0 0 ${width},0`;
    return [
      looptree.svg("path", { d: body, fill: levelIndex ? "var(--kept)" : "var(--held)" }),
      looptree.svg("path", { d: top, fill: "none" }),
    ];
  }
  if (kind === "compute") return [looptree.svg("ellipse", { cx: x, cy: y + height / 2, rx: width / 2, ry: height / 2, fill: "var(--compute)" })];
  if (kind === "loop") return [looptree.svg("rect", { x: left, y, width, height, fill: "var(--loop)" })];
  const cut = 9;
  const d = `M${left + cut},${y}H${right - cut}L${right},${y + height / 2}L${right - cut},${y + height}H${left + cut}L${left},${y + height / 2}z`;
  return [looptree.svg("path", { d, fill: "var(--branch)" })];
}

function placeTree(own, x, y, levels, links, nodes) {
  const shape = looptree.svg("g", { class: "tnode" });
  shape.dataset.kind = own.node.kind;
  if (own.node.einsum) shape.dataset.einsum = own.node.einsum;
  shape.append(...treeShape(own.node.kind, x, y, own.width, own.height, levels.indexOf(own.node.level)));
  const top = y + (own.node.kind === "storage" ? 23 : own.node.kind === "compute" ? 18 : 17);
  own.lines.forEach((line, index) => {
    const soft = own.node.kind === "storage" && index === 0;
    shape.append(looptree.svg("text", { x, y: top + index * TREE.line, "text-anchor": "middle", class: soft ? "soft" : null }, line));
  });
  const full = own.node.tensors || own.node.ranks || [own.node.einsum || own.node.kind];
  shape.append(looptree.svg("title", {}, `${own.node.level ? `${own.node.level} keeps ` : ""}${full.join(", ")}`));
  nodes.append(shape);
  const below = own.inside.reduce((sum, child) => sum + child.span, 0) + TREE.gapX * Math.max(0, own.inside.length - 1);
  let left = x - below / 2;
  for (const child of own.inside) {
    const centre = left + child.span / 2;
    const [from, to] = [y + own.height, y + own.height + TREE.gapY];
    const bend = (from + to) / 2;
    links.append(looptree.svg("path", { class: "tlink", d: `M${x},${from}V${bend}H${centre}V${to}` }));
    placeTree(child, centre, to, levels, links, nodes);
    left += child.span + TREE.gapX;
  }
}

// The same tree in words, for those who do not see it.
function treeWords(node) {
  const own = node.kind === "loop" ? treeLines(node).join(" ") : node.kind === "storage" ? `${node.level} keeps ${node.tensors.join(", ")}${node.notes.map((note) => `, ${note}`).join("")}` : node.kind === "compute" ? `compute ${node.einsum}` : node.kind;
  const item = looptree.element("li", {}, own);
  if (node.inside.length) item.append(looptree.element("ul", {}, ...node.inside.map(treeWords)));
  return item;
}

looptree.drawTree = function (place, tree, levels) {
  const whole = measureTree(tree);
  const links = looptree.svg("g");
  const nodes = looptree.svg("g");
  placeTree(whole, whole.span / 2 + 4, 4, levels, links, nodes);
  const room = place.clientWidth - 20;
  const scale = whole.span + 8 > room ? Math.max(room / (whole.span + 8), TREE.smallest) : 1;
  const picture = looptree.svg("svg", { width: (whole.span + 8) * scale, height: (whole.depth + 8) * scale, viewBox: `0 0 ${whole.span + 8} ${whole.depth + 8}`, "aria-hidden": "true" });
  picture.append(links, nodes);
  const words = looptree.element("ul", { class: "unseen" }, treeWords(tree));
  place.replaceChildren(picture, words);
};
