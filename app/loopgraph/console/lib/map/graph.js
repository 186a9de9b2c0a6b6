// Versions and the edges between them, as a map draws them.

/** @typedef {{nodeId: string, patternId: string, patternName: string, patternType: string, version: number, label: string | null,
 *            status: string, inUse: boolean, createdAt: string, usageCount: number}} Version */
/** What is placed, by the numbers of versions and patterns in their lists. An edge is of ancestry if its later version came of the
 * earlier. @typedef {{pattern: Int32Array, version: Int32Array, made: Float64Array, from: Int32Array, to: Int32Array,
 *            ancestry: Uint8Array}} Drawn */
/** What comes bit by bit: the round in which each version and each edge came, and the version that all began with.
 * @typedef {{round: Int32Array, edgeRound: Int32Array, centre: number}} Rounds */
/** @typedef {{versions: Version[], numbers: Map<string, number>, types: string[], drawn: Drawn, rounds?: Rounds, into: number[][],
 *            outOf: number[][]}} Graph `types` of edges; `into` and `outOf` each version, the numbers of its edges */

/** @param {Version[]} versions @param {{sourceNodeId: string, targetNodeId: string, relationshipType: string}[]} edges those whose ends
 * are not among the versions are left out @returns {Graph} */
export function graphOf(versions, edges) {
  const numbers = new Map(versions.map((version, number) => [version.nodeId, number]));
  const patterns = new Map();
  const pattern = Int32Array.from(versions, ({ patternId }) => {
    if (!patterns.has(patternId)) patterns.set(patternId, patterns.size);
    return patterns.get(patternId);
  });
  const inside = edges.filter((edge) => numbers.has(edge.sourceNodeId) && numbers.has(edge.targetNodeId));
  const from = Int32Array.from(inside, (edge) => numbers.get(edge.sourceNodeId) ?? 0);
  const to = Int32Array.from(inside, (edge) => numbers.get(edge.targetNodeId) ?? 0);
  /** @type {number[][]} */
  const into = versions.map(() => []);
  /** @type {number[][]} */
  const outOf = versions.map(() => []);
  inside.forEach((_, edge) => {
    outOf[from[edge]].push(edge);
    into[to[edge]].push(edge);
  });
  return {
    versions,
    numbers,
    types: inside.map((edge) => edge.relationshipType),
    drawn: {
      pattern,
      version: Int32Array.from(versions, ({ version }) => version),
      made: Float64Array.from(versions, ({ createdAt }) => Date.parse(createdAt)),
      from,
      to,
      ancestry: Uint8Array.from(inside, (edge) => Number(edge.relationshipType !== "RELATED_TO")),
    },
    into,
    outOf,
  };
}

/** The graph of the API's map. @param {any} map `lineageMap` */
export function graphOfMap(map) {
  const patterns = new Map(map.patterns.map((/** @type {any} */ pattern) => [pattern.patternId, pattern]));
  const versions = map.versions.map((/** @type {any} */ version) => {
    const { name, patternType } = patterns.get(version.patternId);
    return { ...version, patternName: name, patternType };
  });
  return graphOf(versions, map.edges);
}
