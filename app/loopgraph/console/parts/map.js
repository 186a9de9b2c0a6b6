// A map of versions: drawn by WebGL, moved by pointers and keys, with a legend and with a table that says the same.
import { html, useEffect, useId, useMemo, useRef, useState } from "../lib/html.js";
import { EDGES, KINDS, MARKS, TYPES, kindOf } from "../lib/map/look.js";
import { Stage } from "../lib/map/stage.js";
import { usePlaces } from "../lib/map/use.js";
import { told } from "../lib/map/words.js";
import { MapTable } from "./maptable.js";
import { Failure } from "./states.js";

const STEP = 80; // px that a key moves the map
const ZOOM = 1.35;
const HELP = "Arrows go from version to version, Home and End to the oldest and the newest, Enter chooses; plus and minus zoom, 0 shows all, Shift and arrows move the map.";

/** @param {{graph: import("../lib/map/graph.js").Graph | null, label: string, chosen: string | null, choose: (id: string) => void,
 *           stays?: boolean, hint?: string}} props `stays`: what is seen stays where it is when the graph grows; `hint`: what a click does */
export function LineageMap({ graph, label, chosen, choose, stays = false, hint = "A click chooses a version." }) {
  const { places, graph: shown, error } = usePlaces(graph);
  const scene = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const names = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const stage = useRef(/** @type {Stage | null} */ (null));
  const [state, tell] = useState(/** @type {"waiting" | "painted" | "lost" | "missing"} */ ("waiting"));
  const [pointed, point] = useState(-1);
  const [focused, focus] = useState(/** @type {string | null} */ (null));
  const help = useId();
  const chooses = useRef((/** @type {number} */ _node) => {});
  chooses.current = (node) => shown && choose(shown.versions[node].nodeId);
  const at = (/** @type {string | null} */ id) => (id === null ? -1 : (shown?.numbers.get(id) ?? -1));

  useEffect(() => {
    try {
      stage.current = new Stage(/** @type {HTMLCanvasElement} */ (scene.current), /** @type {HTMLCanvasElement} */ (names.current), {
        point,
        choose: (node) => chooses.current(node),
        lost: (is) => tell(is ? "lost" : "waiting"),
        painted: () => tell("painted"),
      });
    } catch {
      tell("missing");
    }
    return () => stage.current?.end();
  }, []);
  useEffect(() => {
    if (shown && places) stage.current?.show(shown, places, !stays);
  }, [shown, places]);
  useEffect(() => stage.current?.mark(at(chosen), focused === null ? pointed : at(focused)), [shown, chosen, focused, pointed]);

  /** @param {KeyboardEvent} event */
  const pressed = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !shown || !places || !stage.current) return;
    const way = WAYS[event.key];
    if (event.shiftKey && way) stage.current.pan(-way[0] * STEP, -way[1] * STEP);
    else if (event.key === "+" || event.key === "=") stage.current.zoom(ZOOM);
    else if (event.key === "-") stage.current.zoom(1 / ZOOM);
    else if (event.key === "0") stage.current.fit();
    else if (event.key === "Escape") focus(null);
    else if (event.key === "Enter" || event.key === " ") focused !== null && choose(focused);
    else {
      const next = leads(event.key, at(focused), at(chosen));
      if (next === null) return;
      if (next >= 0) {
        focus(shown.versions[next].nodeId);
        stage.current.reveal(next);
      }
    }
    event.preventDefault();
  };

  /** Where a key leads, -1 for nowhere; null for another key. @param {string} key @param {number} from @param {number} chosen_ */
  function leads(key, from, chosen_) {
    if (!shown || !places || !stage.current) return null;
    const { made } = shown.drawn;
    if (key === "Home") return made.reduce((best, one, node) => (one < made[best] ? node : best), 0);
    if (key === "End") return made.reduce((best, one, node) => (one >= made[best] ? node : best), 0);
    const way = WAYS[key];
    if (!way) return null;
    if (from < 0) return chosen_ >= 0 ? chosen_ : (places.heads[0] ?? -1);
    const [dx, dy] = way;
    const along = dx > 0 ? shown.outOf[from].map((edge) => shown.drawn.to[edge]) : dx < 0 ? shown.into[from].map((edge) => shown.drawn.from[edge]) : [];
    if (!along.length) return stage.current.finder.towards(from, dx, dy);
    const aside = (/** @type {number} */ node) => Math.abs(places.y[node] - places.y[from]);
    return along.reduce((best, node) => (aside(node) < aside(best) ? node : best));
  }

  const said = focused === null ? pointed : at(focused);
  const isBusy = state === "waiting" || (graph !== shown && state !== "missing" && !error);
  return html`<div class="map">
    ${error && html`<${Failure} error=${error} />`}
    ${state === "missing" && html`<p class="notice" role="status">This browser draws no WebGL, or it is switched off: the table below has all that the map would show.</p>`}
    ${state === "lost" && html`<p class="notice" role="status">The browser has given up drawing for now; the table below has all that the map shows.</p>`}
    <div hidden=${state === "missing"}>
      <div class="map-box" tabindex="0" role="application" aria-roledescription="map" aria-label=${label} aria-describedby=${help} aria-busy=${isBusy} onKeyDown=${pressed} onBlur=${() => focus(null)}>
        <canvas ref=${scene} aria-hidden="true"></canvas>
        <canvas ref=${names} aria-hidden="true" class=${pointed >= 0 ? "pointed" : ""}></canvas>
        <div class="map-tools">
          <button type="button" aria-label="Larger" onClick=${() => stage.current?.zoom(ZOOM)}>+</button>
          <button type="button" aria-label="Smaller" onClick=${() => stage.current?.zoom(1 / ZOOM)}>−</button>
          <button type="button" onClick=${() => stage.current?.fit()}>All</button>
        </div>
      </div>
      <p class="map-told" aria-live=${focused === null ? "off" : "polite"}>${shown && said >= 0 ? told(shown, said) : hint}</p>
      <p class="hidden" id=${help}>${HELP}</p>
      ${shown && html`<${Legend} graph=${shown} />`}
    </div>
    ${graph && html`<${MapTable} graph=${graph} label=${label} open=${state === "missing" || state === "lost"} />`}
  </div>`;
}

/** @type {Record<string, [number, number]>} */
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** What the lines and the marks of a map mean, as far as there are any. @param {{graph: import("../lib/map/graph.js").Graph}} props */
function Legend({ graph }) {
  const { types, kinds } = useMemo(() => ({ types: new Set(graph.types), kinds: new Set(graph.versions.map(kindOf)) }), [graph]);
  const colour = (/** @type {string} */ token) => ({ color: `var(${token})` });
  return html`<ul class="legend map-legend" aria-label="Legend">
    ${KINDS.filter((kind) => kinds.has(kind)).map((kind) => {
      const { title, colour: token, form } = MARKS[kind];
      return html`<li>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" style=${colour(token)}>
          <circle cx="8" cy="8" r="6" class=${form === 0 ? "disc" : ""} />
          ${form === 2 && html`<circle cx="8" cy="8" r="2" class="disc" />`} ${form === 3 && html`<line x1="2" x2="14" y1="8" y2="8" />`}
        </svg>
        ${title}
      </li>`;
    })}
    ${TYPES.filter((type) => types.has(type)).map((type) => {
      const { title, colour: token, dash, width } = EDGES[type];
      return html`<li>
        <svg viewBox="0 0 40 16" width="40" height="16" aria-hidden="true" style=${colour(token)}>
          <line x1="0" x2="40" y1="8" y2="8" style=${{ strokeWidth: width, strokeDasharray: dash[1] ? dash.join(" ") : null }} />
        </svg>
        ${title}
      </li>`;
    })}
  </ul>`;
}
