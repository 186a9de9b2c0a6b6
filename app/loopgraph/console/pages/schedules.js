// Runs that are started again and again: when, over which patterns, and when next.
import { href, segment, useParams } from "../lib/address.js";
import { counted, short, words } from "../lib/format.js";
import { html } from "../lib/html.js";
import { usePages } from "../lib/use.js";
import { isZone, shownIn } from "../lib/zones.js";
import { Action } from "../parts/action.js";
import { Head, More, Panel, When } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";
import { NewSchedule } from "../parts/scheduling.js";
import { Table } from "../parts/table.js";

export default function Schedules() {
  const [params] = useParams();
  const pages = usePages("schedules", { first: 50 }, (data) => data.schedules);
  return html`
    <${Head} title="Schedules" up=${{ href: href("/improve"), title: "Improve" }} />
    <div class="doing"><${NewSchedule} patternId=${params.pattern ?? ""} patternName=${params.name ?? ""} done=${pages.reload} /></div>
    <${Shown} asked=${pages}>
      ${() =>
        pages.nodes.length
          ? html`<${Panel} title="Runs again and again" note="newest first">
              <${Table} caption="Schedules" columns=${columns(pages.reload)} rows=${pages.nodes} /><${More} pages=${pages} />
            <//>`
          : html`<${Empty} title="There is no schedule yet."><p>One starts runs by the clock, over one pattern or over all that have a tag or a type.</p><//>`}
    <//>
  `;
}

/** @param {any} one */
function meant(one) {
  if (one.patterns.length === 0) return [one.tag && `all with the tag ${one.tag}`, one.patternType && `${one.tag ? "" : "all "}of the type ${one.patternType}`].filter(Boolean).join(" ") || "patterns that are gone";
  return html`${one.patterns.slice(0, 3).map((/** @type {any} */ pattern, /** @type {number} */ at) => html`${at ? ", " : ""}<a href=${href(`/patterns/${segment(pattern.patternId)}`)}>${short(pattern.name, 40)}</a>`)}${one.patterns.length > 3 ? ` and ${counted(one.patterns.length - 3, "other")}` : ""}`;
}

/** When it is due, on the clock of its zone. @param {any} one */
function next(one) {
  if (one.paused || !one.nextAt) return html`<span class="status">paused</span>`;
  return html`<time datetime=${one.nextAt}>${isZone(one.timeZone) ? `${shownIn(one.nextAt, one.timeZone)}, ${one.timeZone}` : one.nextAt}</time>`;
}

/** What came of the last time. @param {any} one */
function last(one) {
  if (!one.lastAt) return html`<span class="quiet">not yet</span>`;
  /** @type {Map<string, number>} */
  const came = new Map();
  for (const { outcome } of one.lastBatch?.starts ?? []) came.set(outcome, (came.get(outcome) ?? 0) + 1);
  return html`<${When} of=${one.lastAt} /> <span class="quiet">${[...came].map(([outcome, times]) => `${times} ${words(outcome)}`).join(", ")}</span>`;
}

/** @param {() => void} reload */
const columns = (reload) => [
  { title: "Name", cell: (/** @type {any} */ one) => one.name },
  { title: "Over", cell: meant, wide: true },
  { title: "When", cell: (/** @type {any} */ one) => html`<code>${one.cron}</code> <span class="quiet">${one.timeZone}</span>` },
  { title: "Next", cell: next },
  { title: "Last", cell: last },
  { title: "By", cell: (/** @type {any} */ one) => one.createdBy },
  {
    title: "Change",
    cell: (/** @type {any} */ one) => html`<div class="doing">
      <${Action}
        title=${one.paused ? `Let ${one.name} go on` : `Pause ${one.name}`}
        operation="update_schedule"
        does=${one.paused ? "It starts runs again from its next time, without what it has missed." : "It starts nothing until somebody lets it go on. Runs that it has started go on."}
        input=${() => ({ scheduleId: one.scheduleId, paused: !one.paused })}
        done=${reload}
      />
      <${Action} title=${`Delete ${one.name}`} tone="bad" operation="delete_schedule" does="It is gone. Runs that it has started go on." input=${() => ({ scheduleId: one.scheduleId })} done=${reload} />
    </div>`,
  },
];
