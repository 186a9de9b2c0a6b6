// Hooks that ask the API.
import { ApiError, query, subscribe } from "./api.js";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "./html.js";

/** @typedef {{data: any, error: ApiError | null, loading: boolean, reload: () => void}} Asked */

/** What an operation answers. While it is asked again, and when that fails, what was there stays.
 * @param {string | null} name null: nothing is asked
 * @param {Record<string, unknown>} [variables] @returns {Asked} */
export function useQuery(name, variables = {}) {
  const key = JSON.stringify([name, variables]);
  const [asked, set] = useState({ data: null, error: /** @type {ApiError | null} */ (null), loading: name !== null });
  const [round, again] = useState(0);
  const latest = useRef(key);
  // As soon as the page is there, not after it was painted: that takes a frame or two, and nothing can be asked meanwhile.
  useLayoutEffect(() => {
    if (name === null) return;
    const aborted = new AbortController();
    latest.current = key;
    set((before) => ({ ...before, loading: true }));
    query(name, variables, aborted.signal).then(
      (data) => set({ data, error: null, loading: false }),
      (error) => {
        if (!aborted.signal.aborted) set((before) => ({ ...before, error, loading: false }));
      },
    );
    return () => aborted.abort();
  }, [key, round]);
  return { ...asked, reload: useCallback(() => again((n) => n + 1), []) };
}

/** All pages of a connection that were asked for so far.
 * @param {string} name @param {Record<string, unknown>} variables @param {(data: any) => any} connection
 * @returns {{nodes: any[], edges: any[], total: number | null, more: (() => void) | null, data: any, error: ApiError | null, loading: boolean, reload: () => void}} */
export function usePages(name, variables, connection) {
  const key = JSON.stringify([name, variables]);
  const [pages, set] = useState({ key, edges: /** @type {any[]} */ ([]), data: null, info: /** @type {any} */ (null), total: null });
  const [after, goOn] = useState(/** @type {{key: string, cursor: string | null, round: number}} */ ({ key, cursor: null, round: 0 }));
  const [state, tell] = useState({ error: /** @type {ApiError | null} */ (null), loading: true });
  const cursor = after.key === key ? after.cursor : null;
  useLayoutEffect(() => {
    const aborted = new AbortController();
    tell((before) => ({ ...before, loading: true }));
    query(name, { ...variables, after: cursor }, aborted.signal).then(
      (data) => {
        const found = connection(data);
        set((before) => ({
          key,
          data,
          edges: cursor && before.key === key ? [...before.edges, ...(found?.edges ?? [])] : (found?.edges ?? []),
          info: found?.pageInfo ?? null,
          total: found?.totalCount ?? null,
        }));
        tell({ error: null, loading: false });
      },
      (error) => {
        if (!aborted.signal.aborted) tell({ error, loading: false });
      },
    );
    return () => aborted.abort();
  }, [key, cursor, after.round]);
  const more = pages.info?.hasNextPage ? () => goOn({ key, cursor: pages.info.endCursor, round: after.round }) : null;
  const reload = useCallback(() => goOn((before) => ({ key, cursor: null, round: before.round + 1 })), [key]);
  return { nodes: pages.edges.map((edge) => edge.node), edges: pages.edges, total: pages.total, data: pages.data, more, reload, ...state };
}

/** Tells of each item of a subscription while the component is there; whether it is connected.
 * @param {string | null} name @param {Record<string, unknown>} variables @param {(data: any) => void} next */
export function useSubscription(name, variables, next) {
  const [connected, set] = useState(false);
  const newest = useRef(next);
  newest.current = next;
  useEffect(() => {
    if (name === null) return;
    return subscribe(name, variables, { next: (data) => newest.current(data), state: set });
  }, [name, JSON.stringify(variables)]);
  return connected;
}

/** A function that is called at most every so often, and once more at the end.
 * @param {() => void} call @param {number} ms */
export function useThrottle(call, ms) {
  const timer = useRef(/** @type {number | null} */ (null));
  const newest = useRef(call);
  newest.current = call;
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
  return useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = null;
      newest.current();
    }, ms);
  }, [ms]);
}
