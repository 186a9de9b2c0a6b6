import { useParams } from "../lib/address.js";
import { html, useEffect, useId, useMemo, useState } from "../lib/html.js";
import { DAYS, INTERVALS, onClock } from "../lib/range.js";
import { useWindow } from "../lib/window.js";
import { read, written, zones } from "../lib/zones.js";

const BETWEEN = "between";

/** The choice of time and zone, which are in the address.
 * @param {{days: number | null, intervals?: boolean, children?: any}} props `days` as `useWindow` has them; `intervals`: these can be
 * chosen, too */
export function WindowChoice({ days, intervals = false, children }) {
  const [params, set] = useParams();
  const found = useWindow(params, days ?? 30);
  const zone = params.zone ?? "UTC";
  const list = useId();
  const known = useMemo(() => zones().map((name) => html`<option value=${name}></option>`), []);
  const custom = params.from !== undefined || params.to !== undefined;
  const value = (/** @type {any} */ event) => event.target.value;

  /** @param {string} chosen */
  function choose(chosen) {
    if (chosen !== BETWEEN) return set({ days: chosen, from: null, to: null });
    const [from, to] = onClock(found.window, found.timeZone);
    set({ days: null, from, to });
  }

  return html`<form class="filters" aria-label="What is looked at" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <label>Time
        <select value=${custom ? BETWEEN : days} onChange=${(/** @type {any} */ event) => choose(value(event))}>
          ${Object.entries(DAYS).map(([one, title]) => html`<option value=${one}>${title}</option>`)}
          <option value=${BETWEEN}>from … to …</option>
        </select>
      </label>
      ${custom &&
      html`<label>From<${Typed} type="datetime-local" value=${params.from ?? ""} commit=${(/** @type {string} */ from) => set({ from })} /></label>
        <label>To<${Typed} type="datetime-local" value=${params.to ?? ""} commit=${(/** @type {string} */ to) => set({ to })} /></label>`}
      <label>Time zone
        <${Typed} type="text" list=${list} value=${zone} commit=${(/** @type {string} */ typed) => set({ zone: typed.trim() })} />
        <datalist id=${list}>${known}</datalist>
      </label>
      ${intervals &&
      html`<label>In
        <select value=${Object.hasOwn(INTERVALS, params.interval) ? params.interval : ""} onChange=${(/** @type {any} */ event) => set({ interval: value(event) })}>
          <option value="">as it fits</option>
          ${Object.entries(INTERVALS).map(([one, title]) => html`<option value=${one}>${title}</option>`)}
        </select>
      </label>`}
      ${children}
    </form>
    ${found.problem ? html`<p class="failure" role="alert">${found.problem}</p>` : html`<p class="quiet looked">${told(found)}</p>`}`;
}

/** What is typed stays, whatever happens on the page meanwhile; it counts when it is done.
 * @param {{type: string, value: string, commit: (typed: string) => void, list?: string}} props */
function Typed({ type, value, commit, list }) {
  const [typed, type_] = useState(value);
  useEffect(() => type_(value), [value]);
  return html`<input
    type=${type}
    list=${list}
    value=${typed}
    spellcheck=${false}
    autocomplete="off"
    onInput=${(/** @type {any} */ event) => type_(event.target.value)}
    onChange=${(/** @type {any} */ event) => commit(event.target.value)}
  />`;
}

/** @param {import("../lib/range.js").Range} range @param {string} zone */
function rangeOf(range, zone) {
  const [from, to] = onClock(range, zone);
  if (!from.endsWith("T00:00") || !to.endsWith("T00:00")) return `${from} to ${to}`.replaceAll("T", " ");
  const last = written(Number(read(to)) - 86_400_000).slice(0, 10);
  return from.startsWith(last) ? last : `${from.slice(0, 10)} to ${last}`;
}

/** Which time it is, on the clock of its zone. @param {import("../lib/window.js").Shown} found */
function told({ window, whole, timeZone, interval }) {
  const [shown, series] = [window, whole].map((range) => rangeOf(range, timeZone));
  const wide = shown === series ? "" : `; charts are of whole ${INTERVALS[/** @type {keyof typeof INTERVALS} */ (interval)]}, ${series}`;
  return `${shown}, ${timeZone}${wide}`;
}
