// A list of traces, wherever one is shown.
import { href, segment } from "../lib/address.js";
import { count, duration, title } from "../lib/format.js";
import { html } from "../lib/html.js";
import { Status, When } from "./small.js";
import { Table } from "./table.js";

const COLUMNS = [
  { title: "Prompt", cell: (/** @type {any} */ trace) => title(trace.promptText) || trace.agentType || trace.source || trace.correlationId, wide: true },
  { title: "Status", cell: (/** @type {any} */ trace) => html`<${Status} of=${trace.status} />` },
  { title: "Agent", cell: (/** @type {any} */ trace) => trace.agentType ?? trace.agent ?? "–" },
  { title: "Steps", cell: (/** @type {any} */ trace) => count(trace.totalSteps), number: true },
  { title: "Took", cell: (/** @type {any} */ trace) => duration(trace.durationMs), number: true },
  { title: "Began", cell: (/** @type {any} */ trace) => html`<${When} of=${trace.startedAt ?? trace.completedAt} />` },
];

/** @param {{traces: any[], caption: string, compare?: (trace: any) => any}} props `compare` is what chooses a trace for a comparison */
export const Traces = ({ traces, caption, compare }) =>
  html`<${Table} caption=${caption} columns=${compare ? [...COLUMNS, { title: "Compare", cell: compare }] : COLUMNS} rows=${traces} rowHref=${(/** @type {any} */ trace) => href(`/traces/${segment(trace.correlationId)}`)} />`;
