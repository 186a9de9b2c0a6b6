// What a map shows, as a table: for who sees no map, and to read from.
import { href, segment } from "../lib/address.js";
import { count, short } from "../lib/format.js";
import { html, useMemo, useState } from "../lib/html.js";
import { MARKS, kindOf } from "../lib/map/look.js";
import { cameOf, named } from "../lib/map/words.js";
import { When } from "./small.js";
import { Table } from "./table.js";

const SHOWN = 200; // rows at a time

/** @param {{graph: import("../lib/map/graph.js").Graph, label: string, open: boolean}} props */
export function MapTable({ graph, label, open: opened }) {
  const [own, show] = useState(/** @type {boolean | null} */ (null));
  const [most, add] = useState(SHOWN);
  const open = own ?? opened;
  const order = useMemo(() => {
    if (!open) return [];
    const { made, pattern, version } = graph.drawn;
    return [...made.keys()].sort((a, b) => made[b] - made[a] || pattern[a] - pattern[b] || version[b] - version[a]);
  }, [graph, open]);
  return html`<p class="map-table">
      <button type="button" aria-expanded=${open} onClick=${() => show(!open)}>As a table</button>
    </p>
    ${open &&
    html`<${Table}
        caption=${`${label}, as a table, newest first`}
        rows=${order.slice(0, most)}
        rowHref=${(/** @type {number} */ node) => page(graph.versions[node])}
        columns=${[
          { title: "Version", cell: (/** @type {number} */ node) => named(graph.versions[node]) },
          { title: "Type", cell: (/** @type {number} */ node) => graph.versions[node].patternType },
          { title: "Status", cell: (/** @type {number} */ node) => MARKS[kindOf(graph.versions[node])].title },
          { title: "Came of", cell: (/** @type {number} */ node) => sources(graph, node), wide: true },
          { title: "Led to", cell: (/** @type {number} */ node) => count(graph.outOf[node].length), number: true },
          { title: "Uses", cell: (/** @type {number} */ node) => count(graph.versions[node].usageCount), number: true },
          { title: "Made", cell: (/** @type {number} */ node) => html`<${When} of=${graph.versions[node].createdAt} />` },
        ]}
      />
      ${order.length > most && html`<p class="more"><button type="button" onClick=${() => add(most + 5 * SHOWN)}>More</button> <span class="quiet">${count(most)} of ${count(order.length)}</span></p>`}`}`;
}

/** The page of a version. @param {import("../lib/map/graph.js").Version} version */
export const page = ({ patternId, nodeId }) => href(`/patterns/${segment(patternId)}`, { version: nodeId });

/** @param {import("../lib/map/graph.js").Graph} graph @param {number} node */
function sources(graph, node) {
  const found = cameOf(graph, node);
  return found.slice(0, 5).map(({ how, version }, at) => html`${at > 0 && ", "}${how}: <a href=${page(version)}>${short(version.patternName, 24)} ${version.version}</a>`).concat(found.length > 5 ? html` and ${found.length - 5} more` : []);
}
