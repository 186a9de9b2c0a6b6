// What is written over a map: names where there is room for them, and which versions are chosen and pointed at, with their edges.
import { short } from "../format.js";
import { plain } from "../plain.js";
import { EDGES, curve } from "./look.js";
import { onScreen, radius } from "./view.js";
import { named } from "./words.js";

const LETTER = 6.6; // px, about, of a letter
const HEIGHT = 15;
const FEWEST = 5; // letters that a name is worth writing for
const MOST_EDGES = 500; // that are drawn again, of one version

/** @typedef {{graph: import("./graph.js").Graph, places: import("./layout.js").Layout, chosen: number, pointed: number}} Shown */

/** @param {HTMLCanvasElement} canvas @param {import("./view.js").View} view @param {import("./view.js").Size} size @param {number} ratio
 * @param {Shown} shown */
export function write(canvas, view, size, ratio, { graph, places, chosen, pointed }) {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  const style = getComputedStyle(canvas);
  const colour = (/** @type {string} */ token) => style.getPropertyValue(token).trim();
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, size.width, size.height);
  const at = (/** @type {number} */ node) => onScreen(view, size, places.x[node], places.y[node]);
  for (const node of new Set([pointed, chosen])) {
    if (node >= 0) [...graph.into[node], ...graph.outOf[node]].slice(0, MOST_EDGES).forEach((edge) => again(edge));
  }
  const rings = /** @type {[number, string, number][]} */ ([[pointed, "--text", 2], [chosen, "--accent", 3]]);
  for (const [node, token, width] of rings) {
    if (node < 0) continue;
    const [x, y] = at(node);
    pen.strokeStyle = colour(token);
    pen.lineWidth = width;
    pen.beginPath();
    pen.arc(x, y, radius(view) + 4, 0, 2 * Math.PI);
    pen.stroke();
  }
  pen.font = `12px ${style.getPropertyValue("--font")}`;
  pen.lineJoin = "round";
  pen.lineWidth = 3;
  pen.strokeStyle = colour("--surface");
  pen.fillStyle = colour("--text");
  const used = new Set();
  for (const node of [chosen, pointed]) if (node >= 0) put(node, 30, named);
  const name = graph.rounds ? named : (/** @type {import("./graph.js").Version} */ version) => version.patternName;
  places.heads.forEach((node, number) => {
    const letters = Math.floor((places.spans[number] * view.scale) / LETTER);
    if (letters >= FEWEST && node !== chosen && node !== pointed) put(node, Math.min(40, letters), name);
  });

  /** A name, unless another one is there. @param {number} node @param {number} letters
   * @param {(version: import("./graph.js").Version) => string} of */
  function put(node, letters, of) {
    const [x, y] = at(node);
    if (x < -letters * LETTER || x > size.width || y < 0 || y > size.height + HEIGHT) return;
    const text = plain(short(of(graph.versions[node]), letters));
    const baseline = y - radius(view) - 6;
    const rows = new Set([Math.floor((baseline - HEIGHT + 4) / HEIGHT), Math.floor((baseline + 3) / HEIGHT)]);
    const columns = Array.from({ length: Math.ceil((text.length * LETTER) / 32) + 1 }, (_, one) => Math.floor(x / 32) + one);
    const cells = [...rows].flatMap((row) => columns.map((column) => `${column} ${row}`));
    if (cells.some((cell) => used.has(cell))) return;
    cells.forEach((cell) => used.add(cell));
    pen?.strokeText(text, x - radius(view), baseline);
    pen?.fillText(text, x - radius(view), baseline);
  }

  /** @param {number} edge */
  function again(edge) {
    const [from, to] = [graph.drawn.from[edge], graph.drawn.to[edge]];
    const { x, y } = places;
    const [cx, cy, dx, dy] = curve(x[from], y[from], x[to], y[to], places.column);
    const look = EDGES[graph.types[edge]] ?? EDGES.DERIVED_FROM;
    if (!pen) return;
    pen.strokeStyle = colour(look.colour);
    pen.lineWidth = Math.max(2.5, look.width * 1.5);
    pen.setLineDash(look.dash[1] ? look.dash : []);
    pen.beginPath();
    pen.moveTo(...at(from));
    pen.bezierCurveTo(...onScreen(view, size, cx, cy), ...onScreen(view, size, dx, dy), ...at(to));
    pen.stroke();
    pen.setLineDash([]);
  }
}
