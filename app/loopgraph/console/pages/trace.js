// One trace with all that is under it: what was asked, bars over time, and what the chosen step did.
import { href, segment, useParams } from "../lib/address.js";
import { useBars } from "../lib/bars.js";
import { count, duration, money, title, words } from "../lib/format.js";
import { html, useEffect, useMemo, useState } from "../lib/html.js";
import { useQuery, useSubscription, useThrottle } from "../lib/use.js";
import { Content } from "../parts/content.js";
import { Figure, Head, Status, When } from "../parts/small.js";
import { Empty, Failure, Shown } from "../parts/states.js";
import { StepDetail } from "../parts/step.js";
import { Waterfall } from "../parts/waterfall.js";

/** @param {{id: string}} props */
export default function Trace({ id }) {
  const [params, setParams] = useParams();
  const [round, again] = useState(0);
  const looks = params.usage === "true" || Boolean(params.step);
  const [usage, lookAtUsage] = useState(looks); // once it has been looked at, it stays
  useEffect(() => lookAtUsage((before) => before || looks), [looks]);
  const bars = useBars(id, round, usage);
  // Sums over a large trace take a while: its first bars do not wait for them.
  const asked = useQuery(bars.answered ? "trace" : null, { id });
  const news = useThrottle(() => {
    asked.reload();
    again((n) => n + 1);
  }, 1_000);
  const known = asked.data ?? (bars.trace && { trace: bars.trace });
  useSubscription("follow_traces", { filter: { rootId: known?.trace?.rootId ?? id } }, news);
  const chosen = useMemo(() => bars.rows.find((row) => row.spanId === params.step) ?? null, [bars.rows, params.step]);
  return html`
    <${Head} title=${title(known?.trace?.promptText) || "Trace"} up=${{ href: href("/traces"), title: "Traces" }} />
    <${Shown} asked=${{ ...asked, data: known, loading: asked.loading || !(asked.data || asked.error) }}>
      ${(/** @type {any} */ { trace }) => (trace ? html`<${Top} trace=${trace} />` : html`<${Empty} title=${`There is no trace ${id}.`} />`)}
    <//>
    ${bars.error && html`<${Failure} error=${bars.error} retry=${() => again((n) => n + 1)} />`}
    ${bars.rows.length > 0 &&
    html`<div class=${chosen ? "split" : ""}>
      <${Waterfall} rows=${bars.rows} whole=${bars.whole} chosen=${params.step ?? null} choose=${(/** @type {string | null} */ step) => setParams({ step })} usage=${params.usage === "true"} showUsage=${(/** @type {boolean} */ usage) => setParams({ usage })} />
      ${chosen && html`<${StepDetail} key=${chosen.spanId} row=${chosen} rows=${bars.rows} close=${() => setParams({ step: null })} />`}
    </div>`}
    ${asked.data?.trace?.missing.length > 0 && html`<${Missing} missing=${asked.data.trace.missing} />`}
  `;
}

/** @param {{trace: any}} props */
function Top({ trace }) {
  return html`
    <p class="facts">
      <${Status} of=${trace.status} /> began <${When} of=${trace.startedAt} />
      ${trace.sessionId && html` · <a href=${href(`/sessions/${segment(trace.sessionId)}`)}>its session</a>`}
      ${trace.parentId && html` · <a href=${href(`/traces/${segment(trace.parentId)}`)}>spawned by another trace</a> <span class="quiet">(${words(trace.spawnBasis)})</span>`}
      ${trace.agent && html` · agent ${trace.agent}`}
    </p>
    <${Totals} took=${trace.durationMs} own=${trace.totals} totals=${trace.treeTotals} />
    ${trace.errorMessage && html`<div class="failure"><p><strong>${trace.errorType}</strong> ${trace.errorMessage}</p></div>`}
    <details class="panel" open=${(trace.promptText ?? "").length < 600}><summary>Prompt</summary><${Content} value=${trace.promptText} markdown /></details>
    ${trace.responseText !== null && html`<details class="panel"><summary>Answer</summary><${Content} value=${trace.responseText} markdown /></details>`}
  `;
}

/** What is in the whole tree; until that is summed up, each figure has its place.
 * @param {{took: number | null, own: any, totals: any}} props */
function Totals({ took, own, totals }) {
  const of = (/** @type {() => string} */ text) => (totals ? text() : "…");
  const steps = totals && [totals.steps > own.steps && `${count(own.steps)} of its own`, totals.failedSteps && `${count(totals.failedSteps)} failed`];
  return html`<div class="figures">
    <${Figure} label="Took" value=${duration(took)} />
    <${Figure} label="Steps" value=${of(() => count(totals.steps))} note=${steps ? steps.filter(Boolean).join(", ") : ""} tone=${totals?.failedSteps ? "bad" : ""} />
    <${Figure} label="Subagents" value=${of(() => count(totals.subagents))} />
    <${Figure} label="Calls" value=${of(() => count(totals.endpointCalls))} note=${totals?.failedEndpointCalls ? `${count(totals.failedEndpointCalls)} failed` : ""} />
    <${Figure} label="Tokens" value=${of(() => `${count(totals.inputTokens)} in, ${count(totals.outputTokens)} out`)} note=${of(() => `${count(totals.cacheReadTokens)} from a cache`)} />
    <${Figure} label="API-equivalent cost" value=${of(() => money(totals.costUsd))} note=${totals?.unpricedModels.length ? `without ${totals.unpricedModels.join(", ")}` : ""} />
  </div>`;
}

/** What is not known of it, below its bars: that is known when all of it has been read. @param {{missing: string[]}} props */
const Missing = ({ missing }) =>
  html`<details class="panel"><summary>What is not known of it (${missing.length})</summary><ul>${missing.map((one) => html`<li>${one}</li>`)}</ul></details>`;
