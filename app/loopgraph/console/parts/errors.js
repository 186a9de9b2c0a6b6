// What goes wrong, by the templates of the messages: where, since when, and what people wrote of it.
import { href, segment } from "../lib/address.js";
import { count, counted, moment } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { useQuery } from "../lib/use.js";
import { Action } from "./action.js";
import { Content } from "./content.js";
import { Panel, When } from "./small.js";
import { Shown } from "./states.js";

/** Which errors are of a subject; null where they are not told apart by that.
 * @param {{kind: string, name: string} | null} subject @returns {Record<string, string> | null} */
export function filterOf(subject) {
  if (subject === null) return {};
  const field = { AGENT: "agent", TOOL: "tool", ENDPOINT: "endpoint" }[subject.kind];
  return field && subject.name ? { [field]: subject.name } : null;
}

/** @param {{window: any, filter: Record<string, string>}} props */
export function Errors({ window, filter }) {
  const asked = useQuery("errors", { window, ...filter });
  return html`<${Panel} title="Errors by template">
    <${Shown} asked=${asked}>${(/** @type {any} */ { errorPatterns: found }) => html`<${Found} found=${found} again=${asked.reload} />`}<//>
  <//>`;
}

/** @param {{found: any, again: () => void}} props */
function Found({ found, again }) {
  if (!found.patterns.length) return html`<p class="quiet">Nothing failed by itself.</p>`;
  return html`<p class="quiet">
      ${counted(found.failures, "failure")} in ${counted(found.totalPatterns, "template")}, of ${counted(found.traces, "trace")}${found.untold > 0 && `; ${count(found.untold)} without a message`}${!found.complete &&
      found.reachesBackTo !== null &&
      `; only those since ${moment(found.reachesBackTo)} were looked at`}
    </p>
    ${found.patterns.map((/** @type {any} */ one) => html`<${Template} key=${one.templateId} of=${one} again=${again} />`)}`;
}

/** @param {{of: any, again: () => void}} props */
function Template({ of, again }) {
  return html`<details class="template">
    <summary>
      <span class=${`severity ${of.severity.toLowerCase()}`}>${of.severity.toLowerCase()}</span> <code>${of.template}</code>
      <span class="quiet"> ${counted(of.count, "time")} in ${counted(of.traces, "trace")}, last <${When} of=${of.lastSeen} />${of.annotation && " · with a note"}</span>
    </summary>
    ${of.annotation &&
    html`<div class="annotation" role="note">
      ${of.annotation.knownFix && html`<h3>How it is mended</h3><${Content} value=${of.annotation.knownFix} markdown />`}
      ${of.annotation.prevention && html`<h3>How it is prevented</h3><${Content} value=${of.annotation.prevention} markdown />`}
      <p class="quiet">Written by ${of.annotation.updatedBy}, <${When} of=${of.annotation.updatedAt} /></p>
    </div>`}
    <p class="quiet">First seen <${When} of=${of.firstSeen} /> · ${of.endedTraces ? `${counted(of.endedTraces, "trace")} failed with it` : "no trace failed with it"}</p>
    <dl class="where">
      <${Where} title="Types" of=${of.errorTypes.map((/** @type {any} */ one) => [one.name, one.count])} />
      <${Where} title="Agents" of=${of.agents.map((/** @type {any} */ one) => [one.name, one.count])} />
      <${Where} title="Tools" of=${of.tools.map((/** @type {any} */ one) => [one.name, one.count])} />
      <${Where} title="Endpoints" of=${of.endpoints.map((/** @type {any} */ one) => [`${one.serviceName} ${one.endpointPath}`, one.count])} />
      <${Where}
        title="Versions"
        of=${of.versions.map((/** @type {any} */ one) => [
          one.version ? html`<a href=${href(`/patterns/${segment(one.version.patternId)}`, { version: one.nodeId })}>${one.version.patternName} ${one.version.version}</a>` : one.nodeId,
          one.count,
        ])}
      />
    </dl>
    <h3>Samples</h3>
    <ul class="errors">
      ${of.samples.map(
        (/** @type {any} */ one) => html`<li><a href=${href(`/traces/${segment(one.correlationId)}`, { step: one.callId ?? one.executionId })}>Its trace</a> <span class="quiet"><${When} of=${one.at} /></span><${Content} value=${one.message} /></li>`,
      )}
    </ul>
    <${Note} of=${of} again=${again} />
  </details>`;
}

/** @param {{title: string, of: [any, number][]}} props */
const Where = ({ title, of }) => of.length > 0 && html`<div><dt>${title}</dt><dd>${of.map(([name, many], at) => html`${at > 0 && ", "}<bdi>${name}</bdi> <span class="quiet">× ${count(many)}</span>`)}</dd></div>`;

/** @param {{of: any, again: () => void}} props */
function Note({ of, again }) {
  const [fix, mend] = useState(of.annotation?.knownFix ?? "");
  const [prevention, prevent] = useState(of.annotation?.prevention ?? "");
  return html`<div class="doing">
    <${Action}
      title=${of.annotation ? "Change the note" : "Write a note"}
      operation="annotate"
      does="Everybody who sees errors like this sees the note, also when their template becomes more general."
      input=${() => (fix.trim() || prevention.trim() ? { template: of.template, knownFix: fix, prevention } : "Write how it is mended, or how it is prevented.")}
      done=${again}
    >
      <label>How it is mended <textarea rows="3" value=${fix} onInput=${(/** @type {any} */ event) => mend(event.target.value)}></textarea></label>
      <label>How it is prevented <textarea rows="3" value=${prevention} onInput=${(/** @type {any} */ event) => prevent(event.target.value)}></textarea></label>
    <//>
  </div>`;
}
