// What is looked at is in the address, so that it can be sent to somebody: `#/traces?status=ERROR`.
import { useEffect, useState } from "./html.js";

/** @typedef {{path: string, params: Record<string, string>}} Address */

/** @returns {Address} */
export function address() {
  const [path, search = ""] = location.hash.replace(/^#/, "").split("?");
  return { path: path || "/", params: Object.fromEntries(new URLSearchParams(search)) };
}

/** The address of a view; parameters without a value are left out.
 * @param {string} path @param {Record<string, string | number | boolean | null | undefined>} [params] */
export function href(path, params = {}) {
  const given = Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `#${path}${search ? `?${search}` : ""}`;
}

/** One segment of a path, of any text.
 * @param {string} text */
export const segment = (text) => encodeURIComponent(text);

/** Goes to a view. `instead`: what is shown now is not gone back to.
 * @param {string} target @param {{instead?: boolean}} [how] */
export function go(target, { instead = false } = {}) {
  if (!instead) {
    location.hash = target.replace(/^#/, "");
    return;
  }
  history.replaceState(null, "", target);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** The address, as it changes. */
export function useAddress() {
  const [now, set] = useState(address);
  useEffect(() => {
    const changed = () => set(address());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return now;
}

/** The parameters of the address, and what changes some of them in place.
 * @returns {[Record<string, string>, (changed: Record<string, string | number | boolean | null | undefined>) => void]} */
export function useParams() {
  const { path, params } = useAddress();
  return [params, (changed) => go(href(path, { ...params, ...changed }), { instead: true })];
}
