// Traces by filters that are in the address.
import { go, href, segment, useParams } from "../lib/address.js";
import { html, useEffect, useState } from "../lib/html.js";
import { usePages, useSubscription } from "../lib/use.js";
import { Head, More } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";
import { Traces } from "../parts/traces.js";

const STATUSES = ["", "SUCCESS", "ERROR", "TIMEOUT", "DENIED", "INTERRUPTED", "IN_PROGRESS"];
const SPANS = { "": "any time", "1": "1 hour", "24": "24 hours", "168": "7 days", "720": "30 days" };

/** What the parameters of the address ask for.
 * @param {Record<string, string>} params */
export function filterOf(params) {
  const hours = Number(params.hours) || (params.text ? 720 : 0);
  return {
    rootsOnly: params.all !== "true",
    ...(params.status && { status: [params.status] }),
    ...(params.agent && { agent: params.agent }),
    ...(params.tool && { tool: params.tool }),
    ...(params.session && { sessionId: params.session }),
    ...(params.version && { nodeId: params.version }),
    ...(params.pattern && { patternId: params.pattern }),
    ...(params.text && { text: params.text }),
    // By the minute: the same view asks for the same while nobody changes it.
    ...(hours > 0 && { since: new Date(Math.floor(Date.now() / 60_000) * 60_000 - hours * 3_600_000).toISOString() }),
  };
}

export default function TracesPage() {
  const [params, set] = useParams();
  const pages = usePages("traces", { first: 50, filter: filterOf(params) }, (data) => data.traces);
  const [newer, tell] = useState(0);
  const live = useSubscription("follow_traces", {}, () => tell((n) => n + 1));
  useEffect(() => tell(0), [pages.data]);
  return html`
    <${Head} title="Traces"><span class=${live ? "live on" : "live"} role="status">${live ? "live" : "not live"}</span><//>
    <form class="filters" aria-label="Filters" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <${Field} label="Text" name="text" params=${params} set=${set} type="search" />
      <label>Status
        <select value=${params.status ?? ""} onChange=${(/** @type {any} */ event) => set({ status: event.target.value })}>
          ${STATUSES.map((status) => html`<option value=${status}>${status ? status.toLowerCase().replace("_", " ") : "any"}</option>`)}
        </select>
      </label>
      <label>Since
        <select value=${params.hours ?? ""} onChange=${(/** @type {any} */ event) => set({ hours: event.target.value })}>
          ${Object.entries(SPANS).sort((a, b) => Number(a[0]) - Number(b[0])).map(([hours, title]) => html`<option value=${hours}>${title}</option>`)}
        </select>
      </label>
      <${Field} label="Agent" name="agent" params=${params} set=${set} />
      <${Field} label="Tool" name="tool" params=${params} set=${set} />
      <label class="check"><input type="checkbox" checked=${params.all === "true"} onChange=${(/** @type {any} */ event) => set({ all: event.target.checked })} /> subagents too</label>
    </form>
    ${params.with && html`<p role="status">Choose the trace that <code>${params.with}</code> is compared with.</p>`}
    ${newer > 0 && html`<p class="news"><button type="button" onClick=${pages.reload}>Something new was recorded: show it</button></p>`}
    <${Shown} asked=${pages}>
      ${() =>
        pages.nodes.length
          ? html`<${Traces}
              traces=${pages.nodes}
              caption="Traces, newest first"
              compare=${(/** @type {any} */ { correlationId: id }) => html`<input type="checkbox" aria-label=${`Compare ${id}`} checked=${params.with === id} onChange=${() => (params.with && params.with !== id ? go(href(`/diff/${segment(params.with)}/${segment(id)}`)) : set({ with: params.with === id ? null : id }))} />`}
            /><${More} pages=${pages} />`
          : html`<${Empty} title="No trace is like that." />`}
    <//>
  `;
}

/** A field that asks once nobody has typed for a moment.
 * @param {{label: string, name: string, params: Record<string, string>, set: (changed: any) => void, type?: string}} props */
function Field({ label, name, params, set, type = "text" }) {
  const [typed, type_] = useState(params[name] ?? "");
  useEffect(() => type_(params[name] ?? ""), [params[name]]);
  useEffect(() => {
    if (typed === (params[name] ?? "")) return;
    const timer = setTimeout(() => set({ [name]: typed }), 350);
    return () => clearTimeout(timer);
  }, [typed]);
  return html`<label>${label}<input type=${type} value=${typed} onInput=${(/** @type {any} */ event) => type_(event.target.value)} /></label>`;
}
