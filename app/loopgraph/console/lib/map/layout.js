// Where the versions of a whole lineage stand. Each pattern goes from left to right in a lane, a version always to the right of what it
// came of, and what forks off below; so all edges read the same way, whatever their number. What hangs together is a block.
// A block that would be a thread is folded, as a text is into lines; blocks are set on shelves, the tall ones first.
// The same versions and edges have the same places, always: nothing here is by chance, and time and memory are linear in them
// (but for sorting).

/** @typedef {import("./graph.js").Drawn} Drawn */
/** Places in pixels where nothing is zoomed; the versions that begin a lane of a pattern, the longest lane first, and how much room
 * each has for a name; how far a column is from the next.
 * @typedef {{x: Float32Array, y: Float32Array, heads: Int32Array, spans: Float32Array, column: number}} Layout */
/** @typedef {{chains: number[], nodes: number[], width: number, height: number, first: number}} Block */

export const COLUMN = 28;
export const ROW = 34;

const NAME = 4; // columns that the name of a lane needs
const ASPECT = 1.7; // of the whole, width over height
const THREAD = 6; // what is so many times as long as it should be is folded
const LEAST = 80; // columns of a line of what is folded
const WIDTHS = [0.7, 1, 1.25, 1.5, 2, 2.5, 3]; // of shelves, that are tried

/** @param {Drawn} drawn @returns {Layout} */
export function layout(drawn) {
  const order = byTime(drawn);
  const parents = parentsOf(drawn, order);
  const { column, sequence } = columnsOf(order, parents);
  const lanes = chainsOf(drawn, sequence, parents, column);
  const column_ = Float64Array.from(column);
  const row = new Float64Array(column.length);
  const blocks = blocksOf(drawn, order, parents, lanes.chain);
  for (const block of blocks) {
    rowsOf(block, lanes, column, row);
    fold(block, column_, row);
  }
  const { left, top } = shelved(blocks);
  const x = new Float32Array(column.length);
  const y = new Float32Array(column.length);
  blocks.forEach((block, at) => {
    for (const node of block.nodes) {
      x[node] = (left[at] + column_[node]) * COLUMN;
      y[node] = (top[at] + row[node]) * ROW;
    }
  });
  const named = lanes.chains.filter((chain) => chain.named).sort((a, b) => b.nodes.length - a.nodes.length);
  return {
    x,
    y,
    heads: Int32Array.from(named, (chain) => chain.nodes[0]),
    spans: Float32Array.from(named, (chain) => Math.max(NAME, chain.nodes.length) * COLUMN),
    column: COLUMN,
  };
}

/** Versions by the time at which they were made; of one time, by patterns and their numbers. @param {Drawn} drawn */
function byTime({ pattern, version, made }) {
  const order = Int32Array.from(pattern, (_, node) => node);
  return order.sort((a, b) => made[a] - made[b] || pattern[a] - pattern[b] || version[a] - version[b] || a - b);
}

/** What each version came of; one that came of none of its pattern comes after the one before it. @param {Drawn} drawn
 * @param {Int32Array} order @returns {number[][]} */
function parentsOf(drawn, order) {
  const { pattern, version, from, to, ancestry } = drawn;
  /** @type {number[][]} */
  const parents = Array.from(order, () => []);
  ancestry.forEach((is, edge) => {
    if (is && from[edge] !== to[edge]) parents[to[edge]].push(from[edge]);
  });
  const numbered = [...order].sort((a, b) => pattern[a] - pattern[b] || version[a] - version[b]);
  numbered.forEach((node, at) => {
    const before = numbered[at - 1];
    if (at === 0 || pattern[before] !== pattern[node]) return;
    if (!parents[node].some((parent) => pattern[parent] === pattern[node])) parents[node].push(before);
  });
  return parents;
}

/** The longest way to each version from one that came of nothing, and an order in which what a version came of is before it.
 * @param {Int32Array} order @param {number[][]} parents */
function columnsOf(order, parents) {
  const column = new Int32Array(order.length);
  const missing = Int32Array.from(parents, (above) => above.length);
  /** @type {number[][]} */
  const children = Array.from(order, () => []);
  for (const node of order) for (const parent of parents[node]) children[parent].push(node);
  /** @type {number[]} */
  const sequence = [];
  const done = new Uint8Array(order.length);
  /** @param {number} node */
  const take = (node) => {
    done[node] = 1;
    sequence.push(node);
  };
  for (const node of order) if (missing[node] === 0) take(node);
  let at = 0;
  let oldest = 0;
  while (sequence.length < order.length || at < sequence.length) {
    if (at === sequence.length) {
      // A circle, which only edges can make that somebody drew against the numbers of versions: it begins with its oldest.
      while (done[order[oldest]]) oldest += 1;
      take(order[oldest]);
    }
    const node = sequence[at];
    at += 1;
    for (const child of children[node]) {
      if (!done[child]) column[child] = Math.max(column[child], column[node] + 1);
      missing[child] -= 1;
      if (missing[child] === 0 && !done[child]) take(child);
    }
  }
  return { column, sequence };
}

/** Lanes: a version goes on in the lane of what it came of, if that is of its pattern and nothing goes on there; else it begins one,
 * which hangs at its `stem`. @param {Drawn} drawn @param {number[]} sequence @param {number[][]} parents @param {Int32Array} column */
function chainsOf({ pattern }, sequence, parents, column) {
  const chain = new Int32Array(column.length);
  const goesOn = new Uint8Array(column.length);
  /** @type {{nodes: number[], stem: number, named: boolean}[]} */
  const chains = [];
  for (const node of sequence) {
    let stem = -1;
    let own = -1;
    for (const parent of parents[node]) {
      if (column[parent] >= column[node]) continue; // of a circle
      if (stem < 0 || column[parent] > column[stem]) stem = parent;
      if (pattern[parent] === pattern[node] && !goesOn[parent] && (own < 0 || column[parent] > column[own])) own = parent;
    }
    if (own < 0) {
      chain[node] = chains.length;
      chains.push({ nodes: [node], stem, named: stem < 0 || pattern[stem] !== pattern[node] });
    } else {
      goesOn[own] = 1;
      chain[node] = chain[own];
      chains[chain[own]].nodes.push(node);
    }
  }
  return { chain, chains };
}

/** What hangs together, by edges of any type or as one pattern, the oldest first.
 * @param {Drawn} drawn @param {Int32Array} order @param {number[][]} parents @param {Int32Array} chain @returns {Block[]} */
function blocksOf({ pattern, from, to }, order, parents, chain) {
  const above = Int32Array.from(order, (_, node) => node);
  /** @param {number} node */
  const root = (node) => {
    while (above[node] !== node) node = above[node] = above[above[node]];
    return node;
  };
  /** @param {number} a @param {number} b */
  const unite = (a, b) => {
    above[root(a)] = root(b);
  };
  from.forEach((source, edge) => unite(source, to[edge]));
  parents.forEach((those, node) => those.forEach((parent) => unite(node, parent)));
  const firstOf = new Map();
  pattern.forEach((one, node) => (firstOf.has(one) ? unite(node, firstOf.get(one)) : firstOf.set(one, node)));
  /** @type {Map<number, Block>} */
  const blocks = new Map();
  order.forEach((node, first) => {
    const of = root(node);
    const block = blocks.get(of) ?? { chains: [], nodes: [], width: 1, height: 1, first };
    if (!block.nodes.length) blocks.set(of, block);
    block.nodes.push(node);
    block.chains.push(chain[node]);
  });
  for (const block of blocks.values()) block.chains = [...new Set(block.chains)].sort((a, b) => a - b);
  return [...blocks.values()];
}

/** The rows of a block's lanes: each in the first row below its stem that is free where it is; those that fork off late come first, so
 * that lines cross little. @param {Block} block @param {{chain: Int32Array, chains: {nodes: number[], stem: number, named: boolean}[]}} lanes
 * @param {Int32Array} column @param {Float64Array} row what is found goes here */
function rowsOf(block, { chain, chains }, column, row) {
  /** @type {Map<number, number[]>} */
  const hanging = new Map();
  /** @type {number[]} */
  const waiting = [];
  for (const at of block.chains) {
    const { stem } = chains[at];
    if (stem < 0) waiting.push(at);
    else if (hanging.has(chain[stem])) hanging.get(chain[stem])?.push(at);
    else hanging.set(chain[stem], [at]);
  }
  for (const those of hanging.values()) those.sort((a, b) => column[chains[a].stem] - column[chains[b].stem] || b - a);
  waiting.reverse();
  const last = (/** @type {{nodes: number[]}} */ { nodes }) => column[nodes[nodes.length - 1]];
  const width = block.chains.reduce((most, at) => Math.max(most, last(chains[at])), 0) + NAME + 2;
  const taken = new Set();
  const hints = new Map(); // what was taken below one row in one column stays taken
  let height = 0;
  while (waiting.length) {
    const at = /** @type {number} */ (waiting.pop());
    const { nodes, stem, named } = chains[at];
    const begin = column[nodes[0]];
    const end = Math.max(last(chains[at]), begin + (named ? NAME - 1 : 0));
    const above = stem < 0 ? -1 : row[stem];
    const key = (above + 1) * width + begin;
    let found = hints.get(key) ?? above + 1;
    while (!isFree(found, begin, end)) found += 1;
    hints.set(key, found + 1);
    for (let one = begin; one <= end; one += 1) taken.add(found * width + one);
    for (const node of nodes) row[node] = found;
    height = Math.max(height, found + 1);
    for (const below of hanging.get(at) ?? []) waiting.push(below);
  }
  block.width = width - 2;
  block.height = height;

  /** @param {number} at @param {number} begin @param {number} end */
  function isFree(at, begin, end) {
    for (let one = Math.max(0, begin - 1); one <= end; one += 1) if (taken.has(at * width + one)) return false;
    return true;
  }
}

/** Folds a block that is far wider, or far higher, than a screen is. @param {Block} block @param {Float64Array} column
 * @param {Float64Array} row */
function fold(block, column, row) {
  const { nodes, width, height } = block;
  const shape = (width * COLUMN) / (height * ROW) / ASPECT;
  if (shape > THREAD && width > LEAST) {
    const most = Math.max(LEAST, Math.ceil(Math.sqrt((width * height * ROW * ASPECT) / COLUMN)));
    /** @type {Map<number, number>[]} */
    const lines = Array.from({ length: Math.ceil(width / most) }, () => new Map());
    const used = lines.map(() => new Set());
    for (const node of nodes) used[Math.floor(column[node] / most)].add(row[node]);
    let top = 0;
    used.forEach((rows, line) => {
      [...rows].sort((a, b) => a - b).forEach((one, at) => lines[line].set(one, top + at));
      top += rows.size + (rows.size > 1 ? 1 : 0);
    });
    for (const node of nodes) {
      const line = Math.floor(column[node] / most);
      row[node] = lines[line].get(row[node]) ?? 0;
      column[node] %= most;
    }
    block.width = most;
    block.height = top;
  } else if (shape < 1 / THREAD && height > LEAST) {
    const most = Math.max(LEAST, Math.ceil(Math.sqrt((width * height * COLUMN) / ROW / ASPECT)));
    for (const node of nodes) {
      column[node] += Math.floor(row[node] / most) * (width + 1);
      row[node] %= most;
    }
    block.width = Math.ceil(height / most) * (width + 1) - 1;
    block.height = most;
  }
}

/** Where each block begins, in columns and rows: of shelves of several widths, those of which all is the largest on a screen.
 * @param {Block[]} blocks */
function shelved(blocks) {
  const area = blocks.reduce((sum, { width, height }) => sum + (width + 2) * COLUMN * (height + 1) * ROW, 0);
  const widest = blocks.reduce((most, { width }) => Math.max(most, width), 0);
  const square = Math.sqrt(area * ASPECT) / COLUMN;
  const order = blocks.map((_, at) => at).sort((a, b) => blocks[b].height - blocks[a].height || blocks[b].width - blocks[a].width || blocks[a].first - blocks[b].first);
  return WIDTHS.map((times) => shelves(blocks, order, Math.max(widest, square * times))).reduce((best, one) => (one.size < best.size ? one : best));
}

/** @param {Block[]} blocks @param {number[]} order @param {number} most columns of a shelf */
function shelves(blocks, order, most) {
  const left = new Float64Array(blocks.length);
  const top = new Float64Array(blocks.length);
  let [x, y, high, wide] = [0, 0, 0, 0];
  for (const at of order) {
    const { width, height } = blocks[at];
    if (x > 0 && x + width > most) [x, y, high] = [0, y + high + 1, 0];
    left[at] = x;
    top[at] = y;
    wide = Math.max(wide, x + width);
    x += width + 2;
    high = Math.max(high, height);
  }
  return { left, top, size: Math.max(wide * COLUMN, (y + high) * ROW * ASPECT) };
}
