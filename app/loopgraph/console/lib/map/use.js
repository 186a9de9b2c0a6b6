// Hooks of maps: places by a worker, and what lies around a version.
import { query } from "../api.js";
import { useEffect, useMemo, useRef, useState } from "../html.js";
import { graphOf } from "./graph.js";
import { placesOf, ready } from "./places.js";

export const MOST_AROUND = 300; // versions of one direction that are asked for at once

/** The places of a graph, which a worker finds once for each graph; what was found before stays until then.
 * @param {import("./graph.js").Graph | null} graph
 * @returns {{places: import("./layout.js").Layout, graph: import("./graph.js").Graph, error: null} | {places: null, graph: null, error: Error | null}} */
export function usePlaces(graph) {
  const [found, set] = useState(/** @type {any} */ ({ places: null, graph: null, error: null }));
  useEffect(() => {
    if (!graph) return;
    let current = true;
    placesOf(graph).then(
      (places) => current && set({ places, graph, error: null }),
      (error) => current && set({ places: null, graph: null, error }),
    );
    return () => {
      current = false;
    };
  }, [graph]);
  return found;
}

const TYPES = ["DERIVED_FROM", "REFINED_FROM", "IMPROVED_VERSION", "FORKED_FROM", "MERGED_INTO", "DEPRECATED_BY", "RELATED_TO"];

/** What lies around a version within `depth` edges, and next to each of the `opened`, in their order. What was found stays while more is
 * asked for, and when that fails; `base` names
 * what it all began with. @param {string | null} id @param {number} depth @param {string[]} opened @param {string | null} asOf
 * @returns {import("../use.js").Asked & {data: {graph: import("./graph.js").Graph, more: boolean, base: string} | null}} */
export function useAround(id, depth, opened, asOf) {
  const cache = useRef(/** @type {Map<string, any>} */ (new Map()));
  const key = JSON.stringify([id, depth, asOf, opened]);
  const [state, set] = useState({ parts: /** @type {{base: string, all: any[]} | null} */ (null), error: /** @type {any} */ (null), loading: true });
  const [round, again] = useState(0);
  useEffect(() => {
    if (id === null) return;
    ready();
    const aborted = new AbortController();
    /** @param {string} of @param {number} maxDepth */
    const part = async (of, maxDepth) => {
      const own = JSON.stringify([of, maxDepth, asOf]);
      if (!cache.current.has(own)) {
        const traversal = { maxDepth, maxNodes: MOST_AROUND, relationshipTypes: TYPES, ...(asOf && { asOf }) };
        cache.current.set(own, (await query("neighbourhood", { id: of, traversal }, aborted.signal)).patternVersion);
      }
      return cache.current.get(own);
    };
    set((before) => ({ ...before, loading: true }));
    Promise.all([part(id, depth), ...opened.map((one) => part(one, 1))]).then(
      (parts) => set({ parts: { base: JSON.stringify([id, depth, asOf]), all: parts }, error: null, loading: false }),
      (error) => {
        if (!aborted.signal.aborted) set((before) => ({ ...before, error, loading: false }));
      },
    );
    return () => aborted.abort();
  }, [key, round]);
  const data = useMemo(() => (state.parts?.all[0] ? { ...joined(state.parts.all), base: state.parts.base } : null), [state.parts]);
  return { data, error: state.error, loading: state.loading, reload: () => again((n) => n + 1) };
}

/** One graph of the answers for several versions, each a round. @param {any[]} parts */
function joined(parts) {
  const versions = new Map();
  const edges = new Map();
  parts.forEach((part, round) => {
    if (!part) return; // a version that is not there any more
    for (const version of [part, ...[part.ancestors, part.descendants].flatMap((one) => one.nodes.map((/** @type {any} */ node) => node.version))]) {
      if (!versions.has(version.nodeId)) versions.set(version.nodeId, { version, round });
    }
    for (const edge of [...part.ancestors.edges, ...part.descendants.edges]) {
      const key = `${edge.sourceNodeId} ${edge.targetNodeId} ${edge.relationshipType}`;
      if (!edges.has(key)) edges.set(key, { edge, round });
    }
  });
  const graph = graphOf([...versions.values()].map((one) => one.version), [...edges.values()].map((one) => one.edge));
  graph.rounds = {
    centre: 0,
    round: Int32Array.from(versions.values(), (one) => one.round),
    edgeRound: Int32Array.from(edges.values(), (one) => one.round),
  };
  const more = parts.some((part) => part && [part.ancestors, part.descendants].some((one) => one.nodeCount >= MOST_AROUND));
  return { graph, more };
}
