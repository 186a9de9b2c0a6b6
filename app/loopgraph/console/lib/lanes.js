// A history as lanes, as git shows one: each version a row, newest first, its edges to the rows of what it came of.

/** @typedef {{id: string, lane: number, row: number}} Place */
/** @typedef {{from: Place, to: Place, type: string}} Line */

/** Places versions: a version goes on in the lane of the first that came of it; merges bring lanes together, forks open new ones.
 * @param {{nodeId: string}[]} newestFirst @param {{source: string, target: string, type: string}[]} edges from the earlier to the later
 * @returns {{places: Map<string, Place>, lines: Line[], lanes: number}} */
export function lanes(newestFirst, edges) {
  /** @type {Map<string, {source: string, type: string}[]>} */
  const parents = new Map();
  const shown = new Set(newestFirst.map((version) => version.nodeId));
  for (const { source, target, type } of edges) {
    if (!shown.has(source) || !shown.has(target)) continue;
    parents.set(target, [...(parents.get(target) ?? []), { source, type }]);
  }
  /** @type {(string | null)[]} */
  const waiting = []; // of each lane, the version that it leads down to
  /** @type {Map<string, Place>} */
  const places = new Map();
  let width = 0;
  const free = () => {
    const at = waiting.indexOf(null);
    return at < 0 ? waiting.length : at;
  };
  newestFirst.forEach(({ nodeId }, row) => {
    let lane = waiting.indexOf(nodeId);
    if (lane < 0) lane = free();
    places.set(nodeId, { id: nodeId, lane, row });
    waiting.forEach((wanted, at) => {
      if (wanted === nodeId) waiting[at] = null;
    });
    waiting[lane] = null;
    const above = parents.get(nodeId) ?? [];
    above.forEach(({ source }, at) => {
      if (waiting.includes(source) || places.has(source)) return;
      waiting[at === 0 ? lane : free()] = source;
    });
    width = Math.max(width, waiting.length, lane + 1);
  });
  const lines = [...parents].flatMap(([target, sources]) =>
    sources.map(({ source, type }) => ({
      from: /** @type {Place} */ (places.get(target)),
      to: /** @type {Place} */ (places.get(source)),
      type,
    })),
  );
  return { places, lines, lanes: width };
}
