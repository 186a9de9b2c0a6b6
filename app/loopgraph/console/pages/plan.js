// One learned pattern: its plan, what that rests on, to whom it was offered, and whether it helps.
import { href, segment } from "../lib/address.js";
import { stepName } from "../lib/beside.js";
import { count, counted, duration, money, percent, words } from "../lib/format.js";
import { html } from "../lib/html.js";
import { useQuery } from "../lib/use.js";
import { Content } from "../parts/content.js";
import { Helping } from "../parts/helping.js";
import { Offers } from "../parts/offers.js";
import { Figure, Head, Panel, When } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";
import { Table } from "../parts/table.js";

/** @param {{id: string}} props */
export default function Plan({ id }) {
  const asked = useQuery("learned_pattern", { id });
  const pattern = asked.data?.learnedPattern;
  return html`
    <${Head} title=${pattern?.name ?? "Learned plan"} up=${{ href: href("/learned"), title: "Learned plans" }}>
      ${pattern && html`<a href=${href(`/patterns/${segment(id)}`)}>Its versions</a>`}
    <//>
    <${Shown} asked=${asked}>
      ${() =>
        pattern
          ? html`<${Figures} of=${pattern} />
              <${Steps} plan=${pattern.plan} version=${pattern.version} />
              ${pattern.plan.endpoints.length > 0 && html`<${Endpoints} of=${pattern.plan.endpoints} />`}
              <${Helping} id=${pattern.patternId} />
              <${Offers} pattern=${pattern} />
              <${Panel} title="Prompts that taught it" note=${pattern.exemplars.length ? "" : "none that you may read"}>
                <ul>${pattern.exemplars.map((/** @type {any} */ one) => html`<li><${Content} value=${one.text} /></li>`)}</ul>
              <//>`
          : html`<${Empty} title=${`Nothing was learned under ${id}.`} />`}
    <//>
  `;
}

/** @param {{of: any}} props */
const Figures = ({ of }) => html`
  <p class="facts">
    <span class="status">${words(of.standing)}</span> asks to <strong>${of.action || of.intent || "do something that is not told"}</strong>${of.keywords.length > 0 && `: ${of.keywords.join(", ")}`}
    ${of.project && ` · project ${of.project}`}${of.agent && ` · agent ${of.agent}`} · changed <${When} of=${of.updatedAt} />
  </p>
  <div class="figures">
    <${Figure} label="Successful traces" value=${count(of.successes)} note=${`${count(of.failures)} failed`} />
    <${Figure} label="Succeeded" value=${percent(of.successRate)} />
    <${Figure} label="Handed out and followed" value=${count(of.replays)} note=${of.replays ? `${count(of.replaySuccesses)} went well` : ""} />
    <${Figure} label="Takes" value=${duration(of.plan.performance.durationMs?.median)} note=${of.plan.performance.durationMs ? `${duration(of.plan.performance.durationMs.least)} to ${duration(of.plan.performance.durationMs.most)}` : ""} />
    <${Figure} label="Tokens, cost" value=${count(of.plan.performance.tokenUsage?.median)} note=${money(of.plan.performance.costUsd?.median)} />
  </div>
`;

/** How many traces, and the newest of them. @param {{n: number, traces: any, verb: string}} props */
const Resting = ({ n, traces, verb }) => html`${count(n)}${traces.edges.map(
  (/** @type {any} */ { node }, /** @type {number} */ at) => html` <a href=${href(`/traces/${segment(node.correlationId)}`)} aria-label=${`trace ${at + 1} ${verb}`}>${at + 1}</a>`,
)}`;

/** @param {{plan: any, version: number}} props */
const Steps = ({ plan, version }) => html`<${Panel} title="The plan" note=${`version ${version}${plan.agent ? `, by ${plan.agent}` : ""}`}>
  ${plan.steps.length
    ? html`<${Table}
        caption="Steps of the plan"
        rows=${plan.steps}
        columns=${[
          { title: "Step", cell: (/** @type {any} */ step) => `${step.position + 1}. ${stepName(step)}`, wide: true },
          { title: "Is a", cell: (/** @type {any} */ step) => words(step.kind) },
          { title: "On", where: (/** @type {any} */ step) => step.targets.length, cell: (/** @type {any} */ step) => step.targets.join(", ") },
          { title: "Times", cell: (/** @type {any} */ step) => count(step.times.median), number: true },
          { title: "Takes", cell: (/** @type {any} */ step) => duration(step.durationMs?.median), number: true },
          { title: "Supported by", cell: (/** @type {any} */ step) => html`<${Resting} n=${step.support} traces=${step.supportingTraces} verb=${`that supports step ${step.position + 1}`} />` },
          { title: "Failed in", cell: (/** @type {any} */ step) => html`<${Resting} n=${step.failures} traces=${step.failingTraces} verb=${`in which step ${step.position + 1} failed`} />` },
        ]}
      />`
    : html`<p class="quiet">It went well without a step that was recorded.</p>`}
  ${plan.departures.length > 0 &&
  html`<h3>Where failed traces left it</h3>
    <ul>${plan.departures.map((/** @type {any} */ one) => html`<li>${counted(one.traces, "trace")} ${one.after < 0 ? "before the first step" : `after step ${one.after + 1}`}: ${one.name ? `went on with ${one.name}` : "ended"}</li>`)}</ul>`}
<//>`;

/** @param {{of: any[]}} props */
const Endpoints = ({ of }) => html`<${Panel} title="Endpoints that it calls">
  <${Table}
    caption="Endpoints of the plan"
    rows=${of}
    columns=${[
      { title: "Endpoint", cell: (/** @type {any} */ one) => `${one.method} ${one.service} ${one.endpoint}`, wide: true },
      { title: "Takes", cell: (/** @type {any} */ one) => duration(one.durationMs?.median), number: true },
      { title: "Supported by", cell: (/** @type {any} */ one) => counted(one.support, "trace") },
    ]}
  />
<//>`;
