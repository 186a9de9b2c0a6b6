// The time that is looked at, as the address says it.
import { useMemo, useRef } from "./html.js";
import { looked } from "./range.js";

/** @typedef {import("./range.js").Looked & {window: import("./range.js").Range, whole: import("./range.js").Range}} Shown */

/** What the parameters of the address ask for; by the hour, so that the same view asks for the same. Where they ask for nothing that
 * can be looked at, `problem` says why, and it is what was looked at before.
 * @param {Record<string, string>} params @param {number} [usual] days @returns {Shown} */
export function useWindow(params, usual = 30) {
  const hour = Math.floor(Date.now() / 3_600_000);
  const before = useRef(/** @type {Shown | null} */ (null));
  return useMemo(() => {
    const found = looked(params, usual, hour * 3_600_000);
    if (found.window && found.whole) return (before.current = /** @type {Shown} */ (found));
    return { ...(before.current ?? /** @type {Shown} */ (looked({}, usual, hour * 3_600_000))), problem: found.problem };
  }, [params.days, params.from, params.to, params.zone, params.interval, usual, hour]);
}
