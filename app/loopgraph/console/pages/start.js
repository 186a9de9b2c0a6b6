// What came in lately, and what is wrong.
import { href, segment } from "../lib/address.js";
import { API } from "../lib/api.js";
import { stepsFor } from "../lib/begin.js";
import { count, counted, duration, interval, money, percent, short, title } from "../lib/format.js";
import { html } from "../lib/html.js";
import { FIGURES, may, useSession, WRITE } from "../lib/session.js";
import { useQuery, useSubscription, useThrottle } from "../lib/use.js";
import { Figure, Head, Panel, Status, When } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";
import { Table } from "../parts/table.js";

const DAYS = 30; // with today: what the API looks at unless it is told otherwise

/** A pattern fails if it surely succeeds less often than this. */
const FAILS = 0.8;

export default function Start() {
  const asked = useQuery("start", { figures: may(FIGURES) });
  const changed = useThrottle(asked.reload, 1_000);
  const live = useSubscription("follow_traces", {}, changed);
  return html`
    <${Head} title="Start"><span class=${live ? "live on" : "live"} role="status">${live ? "live" : "not live"}</span><//>
    ${asked.data && html`<${Service} health=${asked.data.serviceHealth} />`}
    <${Shown} asked=${asked}>${(/** @type {any} */ data) => (data.traces.edges.length ? html`<${Overview} data=${data} />` : html`<${First} data=${data} />`)}<//>
  `;
}

/** What is wrong with the service itself. @param {{health: any}} props */
const Service = ({ health }) => html`
  ${!health.isReady && html`<p class="failure" role="alert">The graph does not take what comes: ${health.trouble}</p>`}
  ${health.deadLetters > 0 &&
  html`<p class="failure" role="alert">
    ${counted(health.deadLetters, "event could not be recorded and was", "events could not be recorded and were")} put aside: <code>loopgraph letters list</code>
  </p>`}
`;

/** @param {{data: any}} props */
function Overview({ data }) {
  const { dashboardSummary: summary, traces, errorPatterns, runs, usageStats } = data;
  const failing = (usageStats?.ranked ?? [])
    .filter((/** @type {any} */ one) => one.successRateInterval && one.successRateInterval.high < FAILS)
    .sort((/** @type {any} */ a, /** @type {any} */ b) => a.successRateInterval.high - b.successRateInterval.high);
  const open = runs.edges.map((/** @type {any} */ edge) => edge.node);
  const reviews = open.flatMap((/** @type {any} */ run) => run.improvements.edges.map((/** @type {any} */ edge) => edge.node)).filter((/** @type {any} */ one) => one.status === "AWAITING_REVIEW" || one.status === "VALIDATED");
  const waiting = open.filter((/** @type {any} */ run) => run.status === "WAITING");
  return html`
    ${summary && html`<${Summary} of=${summary} />`}
    <div class="columns">
      <${Panel} title="What came in lately">
        <${Table}
          caption="The newest traces"
          rows=${traces.edges.map((/** @type {any} */ edge) => edge.node)}
          rowHref=${(/** @type {any} */ trace) => href(`/traces/${segment(trace.correlationId)}`)}
          columns=${[
            { title: "Prompt", cell: (/** @type {any} */ trace) => title(trace.promptText, 80) || trace.agentType || trace.correlationId, wide: true },
            { title: "Status", cell: (/** @type {any} */ trace) => html`<${Status} of=${trace.status} />` },
            { title: "Took", cell: (/** @type {any} */ trace) => duration(trace.durationMs), number: true },
            { title: "Began", cell: (/** @type {any} */ trace) => html`<${When} of=${trace.startedAt ?? trace.completedAt} />` },
          ]}
        />
        <p><a href=${href("/traces")}>All traces</a> · <a href=${href("/traces", { status: "ERROR" })}>those that failed</a></p>
      <//>
      <${Panel} title="What goes wrong" note=${`the last ${DAYS} days`}>
        ${reviews.length > 0 &&
        html`<p><a href=${href("/improve")}>${counted(reviews.length, "candidate waits", "candidates wait")} for your review</a> <span class="quiet">${reviews.slice(0, 3).map((/** @type {any} */ one) => `${one.candidate.patternName} ${one.candidate.version}`).join(", ")}</span></p>`}
        ${waiting.length > 0 &&
        html`<ul class="errors">${waiting.map((/** @type {any} */ run) => html`<li><a href=${href(`/runs/${segment(run.runId)}`)}>The run on ${run.pattern?.name}</a> <span class="quiet">${run.message}</span></li>`)}</ul>`}
        ${failing.length > 0 &&
        html`<ul class="errors" aria-label="Patterns that fail">
          ${failing.slice(0, 5).map(
            (/** @type {any} */ one) =>
              html`<li><a href=${href(`/patterns/${segment(one.name)}`, { days: DAYS })}>${short(one.label, 60)}</a> succeeds in ${percent(one.successRate)} <span class="quiet">${interval(one.successRateInterval)} of ${count(one.executions)}</span></li>`,
          )}
        </ul>`}
        ${errorPatterns.patterns.length
          ? html`<ul class="errors">
              ${errorPatterns.patterns.map(
                (/** @type {any} */ error) =>
                  html`<li>
                    <span class=${`severity ${error.severity.toLowerCase()}`}>${error.severity.toLowerCase()}</span> <code>${short(error.template, 140)}</code>
                    <span class="quiet"> ${counted(error.count, "time")} in ${counted(error.traces, "trace")}, last <${When} of=${error.lastSeen} /></span>
                  </li>`,
              )}
            </ul>
            <p><a href=${href("/dashboard")}>Where they happened, with samples and notes</a></p>`
          : html`<p class="quiet">Nothing failed by itself.</p>`}
      <//>
    </div>
  `;
}

/** What everybody did; not everybody is told. @param {{of: any}} props */
const Summary = ({ of: { success, cost, duration: times, totalPatterns } }) => html`
  <div class="figures" role="group" aria-label=${`The last ${DAYS} days`}>
    <${Figure} label=${`Traces, ${DAYS} days`} value=${count(success.executions)} />
    <${Figure} label="Of them succeeded" value=${percent(success.successRate)} note=${interval(success.successRateInterval)} />
    <${Figure} label="Median time of a trace" value=${duration(times.p50Ms)} note=${`95 % within ${duration(times.p95Ms)}`} />
    <${Figure} label="API-equivalent cost" value=${money(cost.totalUsd)} note=${cost.unpriced ? `${counted(cost.unpriced, "call")} without a price` : ""} />
    <${Figure} label="Patterns" value=${count(totalPatterns)} href=${href("/patterns")} note=${totalPatterns ? "which of them work" : "none is known yet"} />
  </div>
`;

/** @param {{data: any}} props */
function First({ data }) {
  const session = useSession();
  if (!session) return null;
  const patterns = data.dashboardSummary?.totalPatterns ?? data.patterns.totalCount;
  const arrived = { session: data.sessions.edges.length > 0 && "a session has begun", pattern: patterns > 0 && counted(patterns, "pattern") };
  const steps = stepsFor(session, API, may(WRITE));
  return html`<${Empty} title="Nothing has been recorded yet.">
    ${steps.length
      ? html`<p>${steps.length > 2 ? "Each of these fills it; the first takes what your agents have kept already:" : "On the machine where your agents work:"}</p>
          <ol class="commands">
            ${steps.map(({ command, what, arrived: sign }) => {
              const seen = sign && arrived[sign];
              return html`<li><code>${command}</code> <span class="quiet">${what}</span>${(sign || steps.length > 2) && html`<br /><span class=${seen ? "seen" : "quiet"}>${seen ? `✓ ${seen}` : "○ Nothing of it has arrived yet."}</span>`}</li>`;
            })}
          </ol>`
      : html`<p>You see here what others record, as soon as it is shared with you.</p>`}
    ${steps.length < 3 && html`<p class="quiet">What there is already is read where the service runs: past sessions by <code>loopgraph import</code>, skills and commands by <code>loopgraph patterns scan</code>.</p>`}
    <p class="quiet">This page shows what arrives as soon as it is there.</p>
  <//>`;
}
