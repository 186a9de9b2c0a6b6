// Where the versions around one stand: what it came of to the left, what came of it to the right, an edge a column. They come in rounds,
// as somebody asks for more; those of a round are placed by it and the rounds before it alone, so that nothing that stands ever moves.

/** @typedef {import("./graph.js").Drawn & import("./graph.js").Rounds} Drawn */

export const COLUMN = 190;
export const ROW = 44;

const APART = 0.7; // of a column: what is nearer in a row would cover the other

/** @param {Drawn} drawn @returns {import("./layout.js").Layout} */
export function around(drawn) {
  const { pattern, version, made, from, to, round, edgeRound, centre } = drawn;
  const count = pattern.length;
  const column = new Float64Array(count);
  const row = new Float64Array(count);
  const placed = new Uint8Array(count);
  /** @type {Map<number, number[]>} */
  const taken = new Map(); // of each row, its columns
  /** @type {{other: number, isParent: boolean, since: number}[][]} */
  const edges = Array.from({ length: count }, () => []);
  from.forEach((source, edge) => {
    edges[source].push({ other: to[edge], isParent: false, since: edgeRound[edge] });
    edges[to[edge]].push({ other: source, isParent: true, since: edgeRound[edge] });
  });
  /** @param {number} node @param {number} at @param {number} wanted */
  const place = (node, at, wanted) => {
    let away = 0;
    const free = (/** @type {number} */ one) => !(taken.get(one) ?? []).some((other) => Math.abs(other - at) < APART);
    while (!free(wanted + away)) away = away > 0 ? -away : 1 - away; // 0, 1, -1, 2, -2, …
    column[node] = at;
    row[node] = wanted + away;
    taken.set(row[node], [...(taken.get(row[node]) ?? []), at]);
    placed[node] = 1;
  };
  place(centre, 0, 0);
  const last = round.reduce((most, one) => Math.max(most, one), 0);
  for (let now = 0; now <= last; now += 1) {
    for (;;) {
      const ring = [];
      for (let node = 0; node < count; node += 1) {
        if (placed[node] || round[node] > now) continue;
        const near = edges[node].filter(({ other, since }) => placed[other] && since <= now);
        if (near.length) ring.push({ node, near });
      }
      if (!ring.length) break;
      ring.sort((a, b) => made[a.node] - made[b.node] || pattern[a.node] - pattern[b.node] || version[a.node] - version[b.node] || a.node - b.node);
      const found = ring.map(({ node, near }) => {
        const parents = near.filter((one) => one.isParent).map(({ other }) => column[other]);
        const children = near.filter((one) => !one.isParent).map(({ other }) => column[other]);
        const mean = near.reduce((sum, { other }) => sum + row[other], 0) / near.length;
        return { node, at: between(Math.max(...parents), Math.min(...children)), wanted: Math.round(mean) };
      });
      for (const { node, at, wanted } of found) place(node, at, wanted);
    }
  }
  return {
    x: Float32Array.from(column, (one) => one * COLUMN),
    y: Float32Array.from(row, (one) => one * ROW),
    heads: Int32Array.from(column, (_, node) => node),
    spans: new Float32Array(count).fill(COLUMN * APART),
    column: COLUMN,
  };
}

/** The column between what a version came of and what came of it; infinite where there is none.
 * @param {number} parent @param {number} child */
function between(parent, child) {
  if (child === Infinity) return parent + 1;
  if (parent === -Infinity) return child - 1;
  return child > parent ? (parent + child) / 2 : parent + 1;
}
