// Bars over time, each under what it belongs to. Only the rows that can be seen are in the page, however many there are.
import { count, counted, duration, words } from "../lib/format.js";
import { html, useMemo, useState } from "../lib/html.js";
import { grouped, isFailed, unfolded } from "../lib/rows.js";
import { used, usedShortly } from "../lib/usage.js";
import { moved, useVirtual } from "../lib/virtual.js";
import { Minimap } from "./minimap.js";

const ROW = 26; // px, as in parts.css

/** @param {{rows: any[], whole: boolean, chosen: string | null, choose: (id: string | null) => void, usage: boolean, showUsage: (show: boolean) => void}} props
 * `usage`: tokens and cost of branches are shown beside the bars */
export function Waterfall({ rows, whole, chosen, choose, usage, showUsage }) {
  const [folded, fold] = useState(/** @type {Set<string>} */ (new Set()));
  const [failed, onlyFailed] = useState(false);
  const [range, zoom] = useState(/** @type {[number, number] | null} */ (null));
  const [repeats, foldRepeats] = useState(true);
  const [opened, open] = useState(/** @type {Set<string>} */ (new Set()));
  const shown = useMemo(() => {
    if (failed) return rows.filter(isFailed);
    const left = unfolded(rows, folded);
    return repeats ? grouped(left, opened, chosen) : left;
  }, [rows, folded, failed, repeats, opened, repeats && chosen]);
  const [low, high] = useMemo(() => {
    let least = 0;
    let most = 1;
    for (const { startOffsetMs: at, durationMs: took } of rows) {
      if (at === null) continue;
      least = Math.min(least, at);
      most = Math.max(most, at + (took ?? 0));
    }
    return [least, most];
  }, [rows]);
  const [from, to] = range ?? [low, high];
  const failures = useMemo(() => rows.filter(isFailed).length, [rows]);
  const parents = useMemo(() => new Set(rows.map((row) => row.parentId)), [rows]);
  const at = shown.findIndex((row) => row.spanId === chosen);
  const { box, first, last, page } = useVirtual(shown.length, ROW, at);

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    const next = moved(event.key, at, shown.length, page);
    const row = shown[at];
    if (next !== null) choose(shown[next].spanId);
    else if (event.key === "Escape") choose(null);
    else if (row && (event.key === "ArrowLeft" || event.key === "ArrowRight")) toggle(row.spanId, event.key === "ArrowLeft");
    else return;
    event.preventDefault();
  }

  /** @param {string} id @param {boolean} [closed] */
  function toggle(id, closed) {
    const group = id.startsWith("repeats:");
    const change = (/** @type {Set<string>} */ before) => {
      const next = new Set(before);
      const add = group ? closed === undefined ? !next.has(id) : !closed : closed ?? !next.has(id);
      if (add) next.add(id);
      else next.delete(id);
      return next;
    };
    if (group) open(change);
    else fold(change);
  }

  const slice = shown.slice(first, last);
  return html`<section class=${`waterfall panel ${usage ? "with-usage" : ""}`} aria-label="Waterfall">
    <div class="tools">
      <span class="quiet">${counted(rows.length, "bar")}${whole ? "" : ", more are coming"} · ${duration(high - low)}</span>
      <label class="check"><input type="checkbox" checked=${failed} disabled=${!failures} onChange=${() => onlyFailed(!failed)} /> failures only (${count(failures)})</label>
      <label class="check"><input type="checkbox" checked=${repeats} disabled=${failed} onChange=${() => foldRepeats(!repeats)} /> repeats as one</label>
      <label class="check"><input type="checkbox" checked=${usage} onChange=${() => showUsage(!usage)} /> tokens and cost</label>
      <button type="button" onClick=${() => zoom([from, from + (to - from) / 2])}>Zoom in</button>
      <button type="button" disabled=${!range} onClick=${() => zoom(null)}>Whole</button>
      <input
        type="range"
        aria-label="Beginning of what is shown"
        min="0"
        max="1000"
        disabled=${!range}
        value=${range ? Math.round(((from - low) / (high - low)) * 1000) : 0}
        onInput=${(/** @type {any} */ event) => {
          const start = low + (Number(event.target.value) / 1000) * (high - low);
          zoom([start, start + (to - from)]);
        }}
      />
    </div>
    <${Minimap} rows=${rows} low=${low} high=${high} range=${range} choose=${zoom} />
    <div class="axis" aria-hidden="true"><span>${duration(from)}</span><span>${duration((from + to) / 2)}</span><span>${duration(to)}</span></div>
    <div
      class="rows"
      ref=${box}
      tabindex="0"
      role="tree"
      aria-label="Steps"
      aria-activedescendant=${at >= 0 ? `bar-${at}` : null}
      onKeyDown=${pressed}
      style=${{ height: `min(${shown.length * ROW + 4}px, 62vh)` }}
    >
      <div style=${{ height: `${shown.length * ROW}px`, position: "relative" }} role="presentation">
        ${slice.map((row, offset) => {
          const index = first + offset;
          return html`<${Bar}
            key=${row.spanId}
            row=${row}
            index=${index}
            from=${from}
            to=${to}
            chosen=${row.spanId === chosen}
            folded=${row.repeats ? !row.open : !failed && parents.has(row.spanId) ? folded.has(row.spanId) : null}
            usage=${usage}
            toggle=${toggle}
            choose=${choose}
          />`;
        })}
      </div>
    </div>
  </section>`;
}

/** @param {any} props */
function Bar({ row, index, from, to, chosen, folded, usage, toggle, choose }) {
  const span = to - from || 1;
  const begin = row.startOffsetMs === null ? null : ((row.startOffsetMs - from) / span) * 100;
  const width = ((row.durationMs ?? 0) / span) * 100;
  const left = Math.max(0, begin ?? 0);
  const right = Math.min(100, (begin ?? 0) + width);
  const seen = begin !== null && right >= 0 && left <= 100;
  return html`<div
    id=${`bar-${index}`}
    class=${`bar-row ${chosen ? "chosen" : ""} ${row.status.toLowerCase().replaceAll("_", "-")}`}
    role="treeitem"
    aria-level=${row.depth + 1}
    aria-selected=${chosen}
    aria-expanded=${folded === null ? null : !folded}
    style=${{ top: `${index * ROW}px` }}
    onClick=${() => (row.repeats ? toggle(row.spanId) : choose(row.spanId))}
  >
    <span class="bar-name" style=${{ paddingLeft: `${Math.min(row.depth, 24) * 14}px` }}>
      <span
        class="fold"
        aria-hidden="true"
        onClick=${(/** @type {Event} */ event) => {
          if (folded === null) return;
          event.stopPropagation();
          toggle(row.spanId);
        }}
        >${folded === null ? "" : folded ? "▸" : "▾"}</span
      >
      <span class=${`kind ${row.kind.toLowerCase()}`} aria-hidden="true"></span>${row.name}${row.repeats && html` <strong>× ${count(row.repeats)}</strong>`}
    </span>
    <span class="bar-time">${duration(row.durationMs)}</span>
    ${usage && html`<span class="bar-used" title=${row.branchUsage ? used(row.branchUsage) : ""}>${row.branchUsage ? usedShortly(row.branchUsage) : "…"}</span>`}
    <span class="hidden">${words(row.kind)}, ${words(row.status)}</span>
    <span class="bar-track" aria-hidden="true">
      ${seen &&
      html`<span class=${`bar-fill ${row.critical ? "critical" : ""}`} style=${{ left: `${left}%`, width: `max(2px, ${Math.max(0, right - left)}%)` }}></span>`}
    </span>
  </div>`;
}
