// What people use: skills, commands, subagents, prompts, and how each does.
import { href, segment, useParams } from "../lib/address.js";
import { count, duration, interval, money, percent } from "../lib/format.js";
import { html, useMemo } from "../lib/html.js";
import { handedOn } from "../lib/range.js";
import { FIGURES, may } from "../lib/session.js";
import { PATTERN_TYPES } from "../lib/types.js";
import { usePages, useQuery } from "../lib/use.js";
import { useWindow } from "../lib/window.js";
import { Sparkline } from "../parts/chart.js";
import { Head, More, When } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { WindowChoice } from "../parts/window.js";

/** Whether a pattern was only seen in use, and no version of it is in use since the files of its name are known: those are not
 * counted as patterns. @param {any} one */
const isOnlySeen = (one) => !one.currentVersion && one.tags.includes("observed");

/** @param {Map<string, any>} trends */
const columns = (trends) => [...NAMED, ...(may(FIGURES) ? measured(trends) : [])];

/** The names of orders in the address, and what they are to the API. */
const ORDERS = { last: "LAST_USED_AT", name: "NAME" };
const COUNTED = { uses: "USES", success: "SUCCESS", cost: "COST" };

/** The order that the address asks for: what was used last first, where it asks for none that there is for who asks. @param {Record<string, string>} params */
function orderOf(params) {
  const orders = /** @type {Record<string, string>} */ ({ ...ORDERS, ...(may(FIGURES) ? COUNTED : {}) });
  const by = Object.hasOwn(orders, params.order) ? params.order : "last";
  return { by, field: orders[by], down: params.way !== "up", counted: Object.hasOwn(COUNTED, by) };
}

const NAMED = [
  { title: "Pattern", order: "name", cell: (/** @type {any} */ one) => (isOnlySeen(one) ? html`${one.name} <span class="quiet">(only seen)</span>` : one.name), wide: true },
  { title: "Type", cell: (/** @type {any} */ one) => one.patternType },
  { title: "Last used", order: "last", down: true, cell: (/** @type {any} */ one) => html`<${When} of=${one.lastUsedAt} />` },
  { title: "Version in use", cell: (/** @type {any} */ one) => (one.currentVersion ? `${one.currentVersion.version} of ${one.latestVersion}` : "–"), number: true },
];

/** @param {Map<string, any>} trends */
const measured = (trends) => [
  { title: "Uses", order: "uses", cell: (/** @type {any} */ one) => count(one.analytics.usage.executions), number: true },
  { title: "Succeeded", cell: (/** @type {any} */ one) => percent(one.analytics.success.successRate), number: true },
  { title: "Interval, 95 %", order: "success", down: true, cell: (/** @type {any} */ one) => interval(one.analytics.success.successRateInterval) },
  { title: "Median", cell: (/** @type {any} */ one) => duration(one.analytics.duration.p50Ms), number: true },
  { title: "Cost", order: "cost", cell: (/** @type {any} */ one) => money(one.analytics.cost.totalUsd), number: true },
  {
    title: "Over time",
    cell: (/** @type {any} */ one) => html`<${Sparkline} values=${(trends.get(one.patternId)?.points ?? []).map((/** @type {any} */ point) => point.value)} label=${`Uses of ${one.name} over time`} />`,
  },
];

export default function Patterns() {
  const [params, set] = useParams();
  const { days, window, timeZone, coarse } = useWindow(params);
  const { by, field, down, counted } = orderOf(params);
  const orderBy = { field, direction: down ? "DESC" : "ASC", ...(counted && { window }) };
  const variables = { first: 50, patternType: params.type || null, nameContains: params.name || null, orderBy, window, figures: may(FIGURES) };
  const pages = usePages("patterns", variables, (data) => data.patterns);
  const used = useQuery(may(FIGURES) ? "most_used" : null, { window, timeZone, interval: coarse, kind: "PATTERN", first: 50 });
  const trends = useMemo(() => new Map((used.data?.usageStats.ranked ?? []).map((/** @type {any} */ one) => [one.name, one])), [used.data]);
  const shown = params.seen === "true" ? pages.nodes : pages.nodes.filter((one) => !isOnlySeen(one));
  return html`
    <${Head} title="Patterns"><a href=${href("/learned")}>Learned plans</a> · <a href=${href("/map")}>All as a map</a><//>
    <${WindowChoice} days=${days}>
      <label>Type
        <select value=${params.type ?? ""} onChange=${(/** @type {any} */ event) => set({ type: event.target.value })}>
          ${PATTERN_TYPES.map((type) => html`<option value=${type}>${type || "any"}</option>`)}
        </select>
      </label>
      <label>Name
        <input type="search" value=${params.name ?? ""} onChange=${(/** @type {any} */ event) => set({ name: event.target.value })} />
      </label>
      <label class="check"><input type="checkbox" checked=${params.seen === "true"} onChange=${(/** @type {any} */ event) => set({ seen: event.target.checked })} /> those only seen, too</label>
    <//>
    <${Shown} asked=${pages}>
      ${() =>
        shown.length || pages.more
          ? html`<${Table}
                caption="Patterns"
                columns=${columns(trends)}
                rows=${shown}
                ordered=${{ by, down, sort: (/** @type {string} */ order, /** @type {boolean} */ down) => set({ order: order === "last" ? null : order, way: down ? null : "up" }) }}
                rowHref=${(/** @type {any} */ one) => href(`/patterns/${segment(one.patternId)}`, handedOn(params, days))}
              /><${More} pages=${pages} />`
          : html`<${Empty} title=${params.type || params.name ? "No pattern is like that." : "No patterns yet."}><p>Scan a project for its skills, commands and subagents: <code>loopgraph patterns scan ~/src/project</code></p><//>`}
    <//>
  `;
}
