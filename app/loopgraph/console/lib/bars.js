// All bars of a trace, page by page.
import { query } from "./api.js";
import { useLayoutEffect, useState } from "./html.js";

const FIRST = 50; // bars: as many as are seen at first
const PAGE = 500;

/** What the page of a trace asks for first. @param {string} id @returns {import("./api.js").Question} */
export const beginning = (id) => ({ operation: "trace_start", variables: { id, first: FIRST } });

/** @typedef {{trace: any, rows: any[], whole: boolean, answered: boolean, error: any}} Bars `trace` is what is known of it without a
 * look at all its records; null if there is none, undefined until that is known */

/** The bars of a trace: the first are shown before the last are there, and those of before until they are read anew.
 * What was used in their branches costs each page a sum over the whole tree: `usage` says that somebody looks at it.
 * @param {string} id @param {number} round @param {boolean} usage @returns {Bars} */
export function useBars(id, round, usage) {
  const [bars, set] = useState(/** @type {Bars} */ ({ trace: undefined, rows: [], whole: false, answered: false, error: null }));
  useLayoutEffect(() => {
    const aborted = new AbortController();
    (async () => {
      /** @type {any[]} */
      let rows = [];
      let after = /** @type {string | null} */ (null);
      /** Shows a page. @param {any} trace */
      const show = (trace) => {
        const { edges, pageInfo } = trace.waterfall;
        const found = edges.map((/** @type {any} */ edge) => edge.node);
        rows = after === null ? found : [...rows, ...found];
        after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
        const [shown, whole] = [rows, after === null];
        set((before) => ({ ...before, rows: whole ? shown : followed(shown, before.rows), whole: whole || before.whole, answered: true, error: null }));
      };
      if (!bars.rows.length) {
        const { operation, variables } = beginning(id);
        const { trace } = await query(operation, variables, aborted.signal);
        set((before) => ({ ...before, trace: trace ?? null, answered: true }));
        if (!trace) return;
        show(trace);
        if (!usage && after === null) return;
        if (usage) after = null; // once more from the beginning
      }
      do {
        const { trace } = await query("waterfall", { id, first: PAGE, after, usage }, aborted.signal);
        if (!trace) return set((before) => ({ ...before, answered: true }));
        show(trace);
      } while (after !== null && !aborted.signal.aborted);
    })().catch((error) => !aborted.signal.aborted && set((before) => ({ ...before, answered: true, error })));
    return () => aborted.abort();
  }, [id, round, usage]);
  return bars;
}

/** The rows that are known anew, and after them those of before that are not among them.
 * @param {any[]} rows @param {any[]} before */
function followed(rows, before) {
  const known = new Set(rows.map((row) => row.spanId));
  return [...rows, ...before.slice(rows.length).filter((row) => !known.has(row.spanId))];
}
