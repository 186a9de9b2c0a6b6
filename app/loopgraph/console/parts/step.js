// What a step, a call or a subagent of the waterfall did.
import { href, segment } from "../lib/address.js";
import { count, counted, duration, money, words } from "../lib/format.js";
import { html, useEffect, useRef } from "../lib/html.js";
import { globalId } from "../lib/ids.js";
import { used } from "../lib/usage.js";
import { useQuery } from "../lib/use.js";
import { Content } from "./content.js";
import { Diff } from "./diff.js";
import { Status, When } from "./small.js";
import { Empty, Shown } from "./states.js";

/** @param {{row: any, rows: any[], close: () => void}} props */
export function StepDetail({ row, rows, close }) {
  // A call has no page of its own: it is shown by what made it.
  const holder = row.kind === "CALL" ? rows.find((one) => one.spanId === row.parentId) : row;
  const id = holder ? globalId(holder.kind === "TRACE" ? "Trace" : "HookExecution", holder.spanId) : null;
  const asked = useQuery(id ? "step" : null, { id });
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    // On a narrow screen it stands below the bars, where nobody would see that it has come.
    if (place.current && place.current.getBoundingClientRect().top > window.innerHeight * 0.8) place.current.scrollIntoView();
  }, []);
  return html`<aside ref=${place} class="panel detail" aria-label="What is chosen">
    <div class="detail-head">
      <h2>${row.name}</h2>
      <button type="button" class="plain" onClick=${close} aria-label="Close">✕</button>
    </div>
    <p class="facts"><${Status} of=${row.status} /> ${words(row.kind)} · ${duration(row.durationMs)}${row.selfMs !== null && ` · itself ${duration(row.selfMs)}`}${row.critical && " · on the critical path"}</p>
    ${row.branchUsage?.calls > 0 &&
    html`<dl class="where used">
      ${row.kind !== "CALL" && html`<div><dt>Itself</dt><dd>${used(row.ownUsage)}</dd></div>`}
      <div><dt>${row.kind === "CALL" ? "Used" : "With all under it"}</dt><dd>${used(row.branchUsage)}</dd></div>
    </dl>`}
    <${Shown} asked=${asked}>
      ${(/** @type {any} */ { node }) => {
        if (!node) return html`<${Empty} title="It is not there any more." />`;
        const calls = (node.endpointCalls ?? node.directCalls).edges.map((/** @type {any} */ edge) => edge.node);
        if (row.kind === "CALL") {
          const call = calls.find((/** @type {any} */ one) => one.callId === row.spanId);
          return call ? html`<${Call} call=${call} />` : html`<${Empty} title="Its step has more calls than are read here." />`;
        }
        return node.__typename === "Trace" ? html`<${Subagent} trace=${node} />` : html`<${Step} step=${node} calls=${calls} />`;
      }}
    <//>
  </aside>`;
}

/** @param {{step: any, calls: any[]}} props */
function Step({ step, calls }) {
  return html`
    ${step.errorMessage && html`<div class="failure"><p><strong>${step.errorType}</strong></p><${Content} value=${step.errorMessage} /></div>`}
    ${step.version &&
    html`<p>Ran version ${step.version.version} of ${step.version.patternName} <span class="quiet">(${words(step.usedRule)}: ${step.usedEvidence})</span></p>`}
    ${step.spawned.edges.map(
      (/** @type {any} */ { node }) =>
        html`<p>Spawned <a href=${href(`/traces/${segment(node.correlationId)}`)}>${node.agentType ?? "a subagent"}</a> <span class="quiet">(${words(node.spawnBasis)}: ${node.spawnEvidence})</span></p>`,
    )}
    <h3>Input</h3>
    <${Edits} input=${step.toolInput} />
    <h3>Output</h3>
    <${Content} value=${output(step.toolResponse)} />
    ${calls.length > 0 && html`<h3>Calls</h3>${calls.map((call) => html`<${Call} call=${call} />`)}`}
  `;
}

/** The input of a tool; edits of files as differences.
 * @param {{input: any}} props */
function Edits({ input }) {
  const edits = (Array.isArray(input?.edits) ? input.edits : [input]).filter(
    (/** @type {any} */ one) => typeof one?.old_string === "string" && typeof one?.new_string === "string",
  );
  if (!edits.length) return html`<${Content} value=${typeof input?.command === "string" ? input.command : input} />`;
  return html`<p class="path">${input.file_path ?? ""}</p>
    ${edits.map((/** @type {any} */ one) => html`<${Diff} before=${one.old_string} after=${one.new_string} />`)}`;
}

/** @param {any} response */
function output(response) {
  if (response && typeof response === "object" && typeof response.stdout === "string") return [response.stdout, response.stderr].filter(Boolean).join("\n");
  return response;
}

/** @param {{trace: any}} props */
const Subagent = ({ trace }) => html`
  <p><a href=${href(`/traces/${segment(trace.correlationId)}`)}>Look at it alone</a></p>
  <p class="facts">${trace.agentType ?? "the agent itself"} · began <${When} of=${trace.began} /> · ${counted(trace.treeTotals.steps, "step")}, ${count(trace.treeTotals.failedSteps)} failed · ${money(trace.treeTotals.costUsd)}</p>
  ${trace.spawnBasis && html`<p class="quiet">Drawn by ${words(trace.spawnBasis)}: ${trace.spawnEvidence}</p>`}
  <h3>Prompt</h3>
  <${Content} value=${trace.promptText} markdown />
  <h3>Answer</h3>
  <${Content} value=${trace.responseText} markdown />
`;

/** @param {{call: any}} props */
const Call = ({ call }) => html`
  <p class="facts"><${Status} of=${call.status} /> ${call.model ?? `${call.httpMethod} ${call.serviceName}${call.endpointPath}`} ${call.responseStatus} · ${duration(call.durationMs)}</p>
  ${call.model &&
  html`<p>${counted(call.inputTokens, "token")} in (${count(call.cacheReadTokens)} from a cache), ${count(call.outputTokens)} out · ${money(call.costUsd)} <span class="quiet">${words(call.costSource)}</span></p>`}
  ${call.errorMessage && html`<div class="failure"><p><strong>${call.errorType}</strong> ${call.errorMessage}</p></div>`}
  ${call.requestBody !== null && html`<h3>Request</h3><${Content} value=${call.requestBody} />`}
  ${call.responseBody !== null && html`<h3>Response</h3><${Content} value=${call.responseBody} />`}
`;
