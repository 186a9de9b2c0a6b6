// The lanes of a history, drawn; only the rows that can be seen are in the page.
import { html, useMemo } from "../lib/html.js";
import { lanes } from "../lib/lanes.js";
import { moved, useVirtual } from "../lib/virtual.js";

const ROW = 34;
const LANE = 18;

/** @param {{versions: any[], edges: any[], row: (version: any) => any, chosen: string | null, choose: (id: string) => void, label: string}} props */
export function Lanes({ versions, edges, row, chosen, choose, label }) {
  const { places, lines, lanes: width } = useMemo(() => lanes(versions, edges), [versions, edges]);
  const at = versions.findIndex((version) => version.nodeId === chosen);
  const { box, first, last, page } = useVirtual(versions.length, ROW, at);
  const x = (/** @type {number} */ lane) => lane * LANE + LANE / 2 + 2;
  const y = (/** @type {number} */ at) => at * ROW + ROW / 2;
  const graph = Math.min(width, 14) * LANE + 8;
  const seen = lines.filter((line) => line.from.row < last && line.to.row >= first);
  /** @param {KeyboardEvent} event */
  const pressed = (event) => {
    const next = moved(event.key, at, versions.length, page);
    if (next === null) return;
    event.preventDefault();
    choose(versions[next].nodeId);
  };
  return html`<div class="rows lanes" ref=${box} tabindex="0" role="listbox" aria-label=${label} aria-activedescendant=${at >= 0 ? `lane-${at}` : null} onKeyDown=${pressed} style=${{ height: `min(${versions.length * ROW + 4}px, 60vh)` }}>
    <div style=${{ height: `${versions.length * ROW}px`, position: "relative" }} role="presentation">
      <svg class="lane-lines" width=${graph} height=${versions.length * ROW} aria-hidden="true">
        ${seen.map((line) => {
          const [x1, y1, x2, y2] = [x(line.from.lane), y(line.from.row), x(line.to.lane), y(line.to.row)];
          const turn = y1 + ROW / 2;
          return html`<path class=${`edge ${line.type.toLowerCase().replaceAll("_", "-")}`} d=${`M${x1} ${y1} C${x1} ${turn} ${x2} ${y1} ${x2} ${y1 + ROW} L${x2} ${y2}`} />`;
        })}
        ${versions.slice(first, last).map((version) => {
          const place = places.get(version.nodeId);
          return place && html`<circle class=${version.inUse ? "in-use" : version.status.toLowerCase()} cx=${x(place.lane)} cy=${y(place.row)} r="5" />`;
        })}
      </svg>
      ${versions.slice(first, last).map(
        (version, offset) =>
          html`<div
            key=${version.nodeId}
            id=${`lane-${first + offset}`}
            role="option"
            aria-selected=${version.nodeId === chosen}
            class=${`lane-row ${version.nodeId === chosen ? "chosen" : ""}`}
            style=${{ top: `${(first + offset) * ROW}px`, paddingLeft: `${graph}px` }}
            onClick=${() => choose(version.nodeId)}
          >
            ${row(version)}
          </div>`,
      )}
    </div>
  </div>`;
}
