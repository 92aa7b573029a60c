// What happens at a step, looked up in tables per axis. A step is a product over axes: nothing is stored per step.

const lookup = {};
looptree.lookup = lookup;

// A table is a list, or {from, by, n}.
lookup.value = (table, index) => (Array.isArray(table) ? table[index] : table.from + table.by * index);

const sums = new WeakMap();

// The sum of a table over [from, to).
lookup.sum = function (table, from, to) {
  if (!sums.has(table)) {
    const length = Array.isArray(table) ? table.length : table.n;
    const running = new Float64Array(length + 1);
    for (let index = 0; index < length; index += 1) running[index + 1] = running[index] + lookup.value(table, index);
    sums.set(table, running);
  }
  const running = sums.get(table);
  return running[to] - running[from];
};

lookup.steps = (view) => Object.values(view.axes).reduce((product, axis) => product * axis.size, 1);

// Where the loops are at a step: own step of each axis, value of each loop, and for each loop the own steps of all axes
// over the earlier values of this loop while the loops around it stand still.
lookup.locate = function (view, step) {
  const ranges = Object.fromEntries(Object.entries(view.axes).map(([key, axis]) => [key, [0, axis.size]]));
  const values = [];
  const earlier = [];
  let rest = step;
  for (const loop of view.loops) {
    const [from, to] = ranges[loop.axis];
    const others = Object.entries(ranges).reduce((product, [key, [a, b]]) => (Number(key) === loop.axis ? product : product * (b - a)), 1);
    const [value, begin, end] = childOf(view.axes[loop.axis], loop.level, from, to, Math.floor(rest / others));
    earlier.push({ ...ranges, [loop.axis]: [from, begin] });
    rest -= (begin - from) * others;
    ranges[loop.axis] = [begin, end];
    values.push(value);
  }
  return { own: Object.fromEntries(Object.entries(ranges).map(([key, [from]]) => [key, from])), values, earlier };
};

// The value of a loop that an own step belongs to, and the own steps [begin, end) of that value.
function childOf(axis, level, from, to, offset) {
  const starts = axis.starts[level];
  if (starts === undefined) return [offset, from + offset, from + offset + 1];
  const length = Array.isArray(starts) ? starts.length : starts.n;
  let index = 0;
  while (index + 1 < length && lookup.value(starts, index + 1) <= from + offset) index += 1;
  const end = index + 1 < length ? lookup.value(starts, index + 1) : axis.size;
  return [lookup.value(axis.values[level], index), lookup.value(starts, index), Math.min(end, to)];
}

// The interval of each dimension at a step; null where the box is empty.
lookup.box = function (box, own) {
  const found = { ...box.fixed };
  for (const [key, track] of Object.entries(box.tracks)) {
    const index = own[key];
    if (track.active && !lookup.value(track.active, index)) return null;
    if (track.count && !lookup.value(track.count, index)) return null;
    for (const [dimension, [low, high]] of Object.entries(track.spans)) {
      found[dimension] = [lookup.value(low, index), lookup.value(high, index)];
      if (found[dimension][0] >= found[dimension][1]) return null;
    }
  }
  return found;
};

const product = (numbers) => numbers.reduce((a, b) => a * b, 1);

const fixedWords = (box) => product(Object.values(box.fixed).map(([low, high]) => high - low));

// Words of a box at a step.
lookup.words = function (box, own) {
  let words = fixedWords(box);
  for (const [key, track] of Object.entries(box.tracks)) {
    const index = own[key];
    if (track.active && !lookup.value(track.active, index)) return 0;
    if (track.count) words *= lookup.value(track.count, index);
    else words *= product(Object.values(track.spans).map(([low, high]) => lookup.value(high, index) - lookup.value(low, index)));
  }
  return words;
};

// Words that an ideal allocator holds at a step: those that arrived so far in the sweep less those that left before.
lookup.live = function (place, at) {
  let words = product(Object.entries(place.arrived).map(([key, table]) => lookup.value(table, at.own[key])));
  for (const ranges of at.earlier.slice(place.sweep)) {
    const over = (tables) => product(Object.entries(tables).map(([key, table]) => lookup.sum(table, ...ranges[key])));
    words += over(place.arrived) - over(place.leaving);
  }
  return fixedWords(place.needed) * words;
};

// Boxes that together are all that was needed before, while the outermost `still` loops stood where they stand.
lookup.before = function (place, at, still) {
  const boxes = [];
  for (const ranges of at.earlier.slice(still)) {
    let pieces = [{ ...place.needed.fixed }];
    for (const [key, track] of Object.entries(place.needed.tracks)) {
      const along = unions(track, ...ranges[key]);
      pieces = pieces.flatMap((piece) => along.map((spans) => ({ ...piece, ...spans })));
    }
    if (Object.values(ranges).every(([from, to]) => from < to)) boxes.push(...pieces);
  }
  return boxes;
};

// What a track asks for over own steps [from, to): intervals that touch are joined where there is one dimension.
function unions(track, from, to) {
  const found = [];
  const dimensions = Object.entries(track.spans);
  for (let index = from; index < to; index += 1) {
    if (track.active && !lookup.value(track.active, index)) continue;
    const spans = Object.fromEntries(dimensions.map(([name, [low, high]]) => [name, [lookup.value(low, index), lookup.value(high, index)]]));
    if (!dimensions.length) return [{}];
    found.push(spans);
  }
  if (dimensions.length !== 1) return found;
  const name = dimensions[0][0];
  found.sort((a, b) => a[name][0] - b[name][0]);
  const joined = [];
  for (const spans of found) {
    const last = joined.at(-1);
    if (last && spans[name][0] <= last[name][1]) last[name][1] = Math.max(last[name][1], spans[name][1]);
    else joined.push({ [name]: [...spans[name]] });
  }
  return joined;
}

lookup.meet = function (a, b) {
  const found = {};
  for (const key of Object.keys(a)) {
    found[key] = [Math.max(a[key][0], b[key][0]), Math.min(a[key][1], b[key][1])];
    if (found[key][0] >= found[key][1]) return null;
  }
  return found;
};

// Operations of each layer at a step.
lookup.work = (view, at) =>
  view.work.map(([name, factor, along]) => [name, factor * product(Object.entries(along).map(([key, table]) => lookup.value(table, at.own[key])))]);
