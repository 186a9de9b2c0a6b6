// One trace with all that is under it: what was asked, bars over time, and what the chosen step did.
import { href, segment, useParams } from "../lib/address.js";
import { query } from "../lib/api.js";
import { count, duration, money, title, words } from "../lib/format.js";
import { html, useEffect, useLayoutEffect, useMemo, useState } from "../lib/html.js";
import { useQuery, useSubscription, useThrottle } from "../lib/use.js";
import { Content } from "../parts/content.js";
import { Figure, Head, Status, When } from "../parts/small.js";
import { Empty, Failure, Shown } from "../parts/states.js";
import { StepDetail } from "../parts/step.js";
import { Waterfall } from "../parts/waterfall.js";

const FIRST = 50; // bars: as many as are seen at first
const PAGE = 500;

/** All bars of a trace, page by page: the first are shown before the last are there, and those of before until they are read anew.
 * What was used in their branches costs each page a sum over the whole tree: `usage` says that somebody looks at it.
 * @param {string} id @param {number} round @param {boolean} usage */
function useBars(id, round, usage) {
  const [bars, set] = useState({ rows: /** @type {any[]} */ ([]), whole: false, answered: false, error: /** @type {any} */ (null) });
  useLayoutEffect(() => {
    const aborted = new AbortController();
    (async () => {
      /** @type {any[]} */
      let rows = [];
      let after = /** @type {string | null} */ (null);
      let quick = bars.rows.length === 0;
      do {
        const { trace } = await query("waterfall", { id, first: quick ? FIRST : PAGE, after, usage: usage && !quick }, aborted.signal);
        if (!trace) return set((before) => ({ ...before, answered: true }));
        const { edges, pageInfo } = trace.waterfall;
        const found = edges.map((/** @type {any} */ edge) => edge.node);
        rows = after === null ? found : [...rows, ...found];
        after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
        const [shown, whole] = [rows, after === null];
        set((before) => ({ rows: whole ? shown : followed(shown, before.rows), whole: whole || before.whole, answered: true, error: null }));
        if (quick && usage) after = null; // once more from the beginning
        else if (whole) return;
        quick = false;
      } while (!aborted.signal.aborted);
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
  const root = asked.data?.trace?.rootId ?? id;
  useSubscription("follow_traces", { filter: { rootId: root } }, news);
  const chosen = useMemo(() => bars.rows.find((row) => row.spanId === params.step) ?? null, [bars.rows, params.step]);
  return html`
    <${Head} title=${title(asked.data?.trace?.promptText) || "Trace"} up=${{ href: href("/traces"), title: "Traces" }} />
    <${Shown} asked=${asked}>
      ${(/** @type {any} */ { trace }) => (trace ? html`<${Top} trace=${trace} />` : html`<${Empty} title=${`There is no trace ${id}.`} />`)}
    <//>
    ${bars.error && html`<${Failure} error=${bars.error} retry=${() => again((n) => n + 1)} />`}
    ${bars.rows.length > 0 &&
    html`<div class=${chosen ? "split" : ""}>
      <${Waterfall} rows=${bars.rows} whole=${bars.whole} chosen=${params.step ?? null} choose=${(/** @type {string | null} */ step) => setParams({ step })} usage=${params.usage === "true"} showUsage=${(/** @type {boolean} */ usage) => setParams({ usage })} />
      ${chosen && html`<${StepDetail} key=${chosen.spanId} row=${chosen} rows=${bars.rows} close=${() => setParams({ step: null })} />`}
    </div>`}
  `;
}

/** @param {{trace: any}} props */
function Top({ trace }) {
  const { treeTotals: totals } = trace;
  return html`
    <p class="facts">
      <${Status} of=${trace.status} /> began <${When} of=${trace.startedAt} />
      ${trace.sessionId && html` · <a href=${href(`/sessions/${segment(trace.sessionId)}`)}>its session</a>`}
      ${trace.parentId && html` · <a href=${href(`/traces/${segment(trace.parentId)}`)}>spawned by another trace</a> <span class="quiet">(${words(trace.spawnBasis)})</span>`}
      ${trace.agent && html` · agent ${trace.agent}`}
    </p>
    <div class="figures">
      <${Figure} label="Took" value=${duration(trace.durationMs)} />
      <${Figure} label="Steps" value=${count(totals.steps)} note=${totals.failedSteps ? `${count(totals.failedSteps)} failed` : ""} tone=${totals.failedSteps ? "bad" : ""} />
      <${Figure} label="Subagents" value=${count(totals.subagents)} />
      <${Figure} label="Calls" value=${count(totals.endpointCalls)} note=${totals.failedEndpointCalls ? `${count(totals.failedEndpointCalls)} failed` : ""} />
      <${Figure} label="Tokens" value=${`${count(totals.inputTokens)} in, ${count(totals.outputTokens)} out`} note=${`${count(totals.cacheReadTokens)} from a cache`} />
      <${Figure} label="API-equivalent cost" value=${money(totals.costUsd)} note=${totals.unpricedModels.length ? `without ${totals.unpricedModels.join(", ")}` : ""} />
    </div>
    ${trace.errorMessage && html`<div class="failure"><p><strong>${trace.errorType}</strong> ${trace.errorMessage}</p></div>`}
    <details class="panel" open=${(trace.promptText ?? "").length < 600}><summary>Prompt</summary><${Content} value=${trace.promptText} markdown /></details>
    ${trace.responseText !== null && html`<details class="panel"><summary>Answer</summary><${Content} value=${trace.responseText} markdown /></details>`}
    ${trace.missing.length > 0 &&
    html`<details class="panel"><summary>What is not known of it (${trace.missing.length})</summary><ul>${trace.missing.map((/** @type {string} */ one) => html`<li>${one}</li>`)}</ul></details>`}
  `;
}
