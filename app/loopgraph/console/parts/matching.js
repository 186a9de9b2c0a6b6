// What was learned that fits a request: each match with its five parts, and why.
import { href, segment } from "../lib/address.js";
import { counted, percent, short } from "../lib/format.js";
import { html, useEffect } from "../lib/html.js";
import { useQuery } from "../lib/use.js";
import { Panel } from "./small.js";
import { Empty, Shown } from "./states.js";
import { Table } from "./table.js";

/** The parts of a score, and what they are called. */
const PARTS = /** @type {const} */ ([
  ["semantic", "Meaning"],
  ["keyword", "Keywords"],
  ["intent", "Intent"],
  ["context", "Context"],
  ["historical", "History"],
]);

/** @param {number | null} value */
const part = (value) => (value === null ? html`<span class="quiet">–</span>` : html`<meter min="0" max="1" value=${value} aria-hidden="true"></meter> ${value.toFixed(2)}`);

const COLUMNS = [
  { title: "Pattern", cell: (/** @type {any} */ one) => one.name, wide: true },
  { title: "Score", cell: (/** @type {any} */ one) => html`<strong>${one.score.total.toFixed(2)}</strong>`, number: true },
  ...PARTS.map(([key, title]) => ({ title, cell: (/** @type {any} */ one) => part(one.score[key]), number: true })),
  { title: "Succeeded", cell: (/** @type {any} */ one) => html`${percent(one.successRate)} <span class="quiet">of ${counted(one.runs, "run")}</span>` },
  { title: "Expected", cell: (/** @type {any} */ one) => percent(one.expectedSuccess) },
  { title: "Nearest prompt", cell: (/** @type {any} */ one) => short(one.exemplar) || html`<span class="quiet">not to be read by you</span>`, wide: true },
];

/** @param {{request: string, project?: string}} props */
export function Matches({ request, project }) {
  const asked = useQuery("matches", { request, context: project ? { project } : null });
  const isPart = asked.data?.matchPatterns.complete === false;
  useEffect(() => {
    if (!isPart || asked.loading) return;
    const again = setTimeout(asked.reload, 2_000); // a service that has just started is reading what was learned
    return () => clearTimeout(again);
  }, [isPart, asked.loading]);
  return html`<${Shown} asked=${asked}>
    ${(/** @type {any} */ { matchPatterns: found }) => html`<${Panel} title="What fits" note=${`of ${counted(found.searched, "prompt")}, by ${found.model}`}>
      <p class="facts">
        ${found.features.action ? html`It asks to <strong>${found.features.action}</strong>` : "What it asks to be done is not told"}${found.features.keywords.length > 0 && `; keywords: ${found.features.keywords.join(", ")}`}
      </p>
      ${found.note && html`<p class="notice">${found.note}</p>`} ${!found.complete && html`<p class="notice">Not all that was learned is looked through yet; it is asked again.</p>`}
      ${found.matches.length
        ? html`<${Table} caption="Matches, best first" columns=${COLUMNS} rows=${found.matches} rowHref=${(/** @type {any} */ one) => href(`/learned/${segment(one.patternId)}`)} />
            <details><summary>Why, in words</summary><ol>${found.matches.map((/** @type {any} */ one) => html`<li>${one.name}: ${one.score.explanation}</li>`)}</ol></details>
            <p class="quiet">In the order of their scores. The success that is expected is a pattern's own, drawn toward that of all the more the fewer runs it has. A part that is not known does not count.</p>`
        : html`<${Empty} title="Nothing that was learned fits."><p>A match has a score of 0.70 or more, and asks for the same to be done.</p><//>`}
    <//>`}
  <//>`;
}
