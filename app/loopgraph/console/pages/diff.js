// Two traces side by side, with where they begin to differ.
import { href, segment, useParams } from "../lib/address.js";
import { count, duration, money, words } from "../lib/format.js";
import { html, useMemo } from "../lib/html.js";
import { useQuery } from "../lib/use.js";
import { Head, Panel, Status } from "../parts/small.js";
import { Shown } from "../parts/states.js";
import { Table } from "../parts/table.js";

const SHOWN = 200; // rows at a time

/** @param {{a: string, b: string}} props */
export default function DiffPage({ a, b }) {
  const asked = useQuery("diff", { a, b });
  return html`
    <${Head} title="Two traces" up=${{ href: href("/traces"), title: "Traces" }}>
      <a href=${href(`/diff/${segment(b)}/${segment(a)}`)}>Swap them</a>
    <//>
    <${Shown} asked=${asked}>${(/** @type {any} */ { traceDiff }) => html`<${Sides} diff=${traceDiff} ids=${[a, b]} />`}<//>
  `;
}

/** @param {{diff: any, ids: string[]}} props */
function Sides({ diff, ids }) {
  const [params, set] = useParams();
  const all = params.all === "true";
  const rows = useMemo(() => diff.rows.filter((/** @type {any} */ row) => all || row.kind !== "SAME"), [diff, all]);
  const most = Number(params.rows) || SHOWN;
  const first = diff.firstDivergence;
  const isFirst = (/** @type {any} */ row) => first && row.a?.stepId === first.a?.stepId && row.b?.stepId === first.b?.stepId;
  const figures = /** @type {const} */ ([
    ["Steps", (/** @type {any} */ side) => count(side.steps)],
    ["Failures", (/** @type {any} */ side) => count(side.failures)],
    ["Took", (/** @type {any} */ side) => duration(side.durationMs)],
    ["Tokens", (/** @type {any} */ side) => `${count(side.inputTokens)} in, ${count(side.outputTokens)} out`],
    ["API-equivalent cost", (/** @type {any} */ side) => money(side.costUsd)],
  ]);
  return html`
    <${Panel} title="What they came to">
      <${Table}
        caption="Both traces"
        rows=${figures}
        columns=${[
          { title: "Figure", cell: (/** @type {any} */ [title]) => title },
          ...[diff.a, diff.b].map((side, at) => ({
            title: html`<a href=${href(`/traces/${segment(ids[at])}`)}>${["First", "Second"][at]} trace</a>`,
            cell: (/** @type {any} */ [, of]) => of(side),
            number: true,
          })),
        ]}
      />
    <//>
    <${Panel} title="Step by step" note=${`${count(rows.length)} ${all ? "rows" : "differences"}`}>
      <p class="first-divergence">
        ${first
          ? html`They begin to differ ${first.path.length ? html`within <strong>${first.path.join(" › ")}</strong>` : "at once"}${first.changed.length > 0 && `: ${first.changed.map(words).join(", ")}`}.`
          : "Nothing that counts differs."}
      </p>
      <p><label class="check"><input type="checkbox" checked=${all} onChange=${(/** @type {any} */ event) => set({ all: event.target.checked, rows: null })} /> what is the same too</label></p>
      ${rows.length > 0 &&
      html`<${Table}
        caption="Rows of both traces"
        rows=${rows.slice(0, most)}
        rowClass=${(/** @type {any} */ row) => `${row.kind.toLowerCase().replace("_", "-")}${isFirst(row) ? " first" : ""}`}
        columns=${[
          { title: "First", cell: (/** @type {any} */ row) => html`<${Side} of=${row.a} />`, wide: true },
          { title: "Second", cell: (/** @type {any} */ row) => html`<${Side} of=${row.b} />`, wide: true },
          { title: "What differs", cell: (/** @type {any} */ row) => `${isFirst(row) ? "the first to differ: " : ""}${TOLD[/** @type {keyof typeof TOLD} */ (row.kind)] ?? row.changed.map(words).join(", ")}`, wide: true },
          { title: "Time", cell: (/** @type {any} */ row) => (row.durationRatio === null ? "–" : `× ${row.durationRatio.toPrecision(3)}`), number: true },
        ]}
      />`}
      ${rows.length > most && html`<p class="more"><button type="button" onClick=${() => set({ rows: most + 5 * SHOWN })}>More</button></p>`}
    <//>
  `;
}

const TOLD = { SAME: "nothing", ONLY_A: "only the first has it", ONLY_B: "only the second has it" };

/** @param {{of: any}} props */
const Side = ({ of }) =>
  of
    ? html`<a href=${href(`/traces/${segment(of.correlationId)}`, { step: of.kind === "TRACE" ? null : of.stepId })}>${of.name}</a> <${Status} of=${of.status} /> <span class="quiet">${duration(of.durationMs)}</span>`
    : html`<span class="quiet">–</span>`;
