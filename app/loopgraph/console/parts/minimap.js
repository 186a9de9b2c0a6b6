// All of a waterfall at once; what is drawn over with the pointer is what the bars below show.
import { html, useEffect, useRef } from "../lib/html.js";
import { isFailed } from "../lib/rows.js";

const HEIGHT = 48; // px, as in parts.css
const LEAST = 0.005; // of the width: less is a click, which shows the whole again

/** @param {{rows: any[], low: number, high: number, range: [number, number] | null, choose: (range: [number, number] | null) => void}} props */
export function Minimap({ rows, low, high, range, choose }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const begun = useRef(/** @type {number | null} */ (null));
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const draw = () => paint(element, rows, low, high);
    draw();
    const resized = new ResizeObserver(draw);
    resized.observe(element);
    return () => resized.disconnect();
  }, [rows, low, high]);
  /** @param {PointerEvent} event */
  const at = (event) => {
    const box = /** @type {HTMLCanvasElement} */ (canvas.current).getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / (box.width || 1)));
  };
  const span = high - low || 1;
  /** @param {PointerEvent} event */
  const moved = (event) => {
    if (begun.current === null) return;
    const [a, b] = [begun.current, at(event)].sort((one, other) => one - other);
    choose(b - a < LEAST ? null : [low + a * span, low + b * span]);
  };
  return html`<div class="minimap" aria-hidden="true">
    <canvas
      ref=${canvas}
      height=${HEIGHT}
      onPointerDown=${(/** @type {PointerEvent} */ event) => {
        begun.current = at(event);
        canvas.current?.setPointerCapture(event.pointerId);
      }}
      onPointerMove=${moved}
      onPointerUp=${(/** @type {PointerEvent} */ event) => {
        moved(event);
        begun.current = null;
      }}
    ></canvas>
    ${range && html`<span class="selected" style=${{ left: `${((range[0] - low) / span) * 100}%`, width: `${((range[1] - range[0]) / span) * 100}%` }}></span>`}
  </div>`;
}

/** @param {HTMLCanvasElement} element @param {any[]} rows @param {number} low @param {number} high */
function paint(element, rows, low, high) {
  const width = (element.width = element.clientWidth * devicePixelRatio);
  const height = (element.height = HEIGHT * devicePixelRatio);
  const pen = element.getContext("2d");
  if (!pen || !width) return;
  const style = getComputedStyle(element);
  const tall = Math.max(1, height / rows.length);
  const span = high - low || 1;
  for (const failed of [false, true]) {
    pen.fillStyle = style.getPropertyValue(failed ? "--bad" : "--bar");
    rows.forEach((row, at) => {
      if (row.startOffsetMs === null || isFailed(row) !== failed) return;
      const left = ((row.startOffsetMs - low) / span) * width;
      pen.fillRect(left, (at / rows.length) * height, Math.max(failed ? 2 : 1, ((row.durationMs ?? 0) / span) * width), failed ? Math.max(2, tall) : tall);
    });
  }
}
