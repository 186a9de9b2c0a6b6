// What of a map is seen: the place in its middle, and how large it is.

/** @typedef {{x: number, y: number, scale: number}} View */
/** @typedef {{width: number, height: number}} Size in CSS pixels */

export const MOST = 4;
const LEAST = 0.002;
const MARGIN = 40; // px around what is shown as a whole

/** All of a map. @param {Float32Array} x @param {Float32Array} y @param {Size} size @returns {View} */
export function whole(x, y, size) {
  if (!x.length) return { x: 0, y: 0, scale: 1 };
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let at = 0; at < x.length; at += 1) {
    left = Math.min(left, x[at]);
    right = Math.max(right, x[at]);
    top = Math.min(top, y[at]);
    bottom = Math.max(bottom, y[at]);
  }
  const scale = Math.min((size.width - 2 * MARGIN) / Math.max(1, right - left), (size.height - 2 * MARGIN) / Math.max(1, bottom - top), 1.25);
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale: Math.max(LEAST, scale) };
}

/** Larger or smaller, while the place at (`px`, `py`) of the screen stays there.
 * @param {View} view @param {Size} size @param {number} factor @param {number} px @param {number} py @returns {View} */
export function zoomed(view, size, factor, px, py) {
  const scale = Math.min(MOST, Math.max(LEAST, view.scale * factor));
  const [dx, dy] = [px - size.width / 2, py - size.height / 2];
  return { x: view.x + dx / view.scale - dx / scale, y: view.y + dy / view.scale - dy / scale, scale };
}

/** @param {View} view @param {number} dx px @param {number} dy px @returns {View} */
export const moved = (view, dx, dy) => ({ ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale });

/** @param {View} view @param {Size} size @param {number} x @param {number} y @returns {[number, number]} px */
export const onScreen = (view, size, x, y) => [(x - view.x) * view.scale + size.width / 2, (y - view.y) * view.scale + size.height / 2];

/** @param {View} view @param {Size} size @param {number} px @param {number} py @returns {[number, number]} */
export const onMap = (view, size, px, py) => [view.x + (px - size.width / 2) / view.scale, view.y + (py - size.height / 2) / view.scale];

/** The least that must move, and grow, for a place to be seen well.
 * @param {View} view @param {Size} size @param {number} x @param {number} y @returns {View} */
export function revealing(view, size, x, y) {
  const near = view.scale < 0.3 ? { ...view, x, y, scale: 0.6 } : view;
  const [px, py] = onScreen(near, size, x, y);
  const within = (/** @type {number} */ at, /** @type {number} */ most) => Math.min(most - MARGIN, Math.max(MARGIN, at)) - at;
  return moved(near, within(px, size.width), within(py, size.height));
}

/** The radius of a version in px. @param {View} view */
export const radius = ({ scale }) => Math.min(9, Math.max(1.4, 7 * scale));
