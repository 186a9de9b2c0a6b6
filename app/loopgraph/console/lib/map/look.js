// How versions and edges look: each by a form and a colour, so that nobody needs to tell colours apart.

/** @typedef {{title: string, colour: string, dash: [number, number], width: number}} Stroke `dash`: px drawn, px left out; `colour`: a token of the style */
/** @type {Record<string, Stroke>} */
export const EDGES = {
  REFINED_FROM: { title: "refined", colour: "--quiet", dash: [1, 0], width: 1.6 },
  DERIVED_FROM: { title: "derived", colour: "--quiet", dash: [8, 3], width: 1.6 },
  IMPROVED_VERSION: { title: "improved by the loop", colour: "--good", dash: [1, 0], width: 3 },
  FORKED_FROM: { title: "forked", colour: "--accent", dash: [1, 0], width: 1.6 },
  MERGED_INTO: { title: "merged", colour: "--accent", dash: [3, 3], width: 2 },
  DEPRECATED_BY: { title: "replaced", colour: "--bad", dash: [5, 4], width: 2 },
  RELATED_TO: { title: "related", colour: "--warn", dash: [2, 6], width: 2 },
};
export const TYPES = Object.keys(EDGES);

/** @typedef {{title: string, colour: string, form: number}} Mark forms: 0 a disc, 1 a ring, 2 a ring with a dot, 3 a ring with a bar */
/** @type {Record<string, Mark>} */
export const MARKS = {
  IN_USE: { title: "in use", colour: "--good", form: 0 },
  ACTIVE: { title: "active, not in use", colour: "--quiet", form: 1 },
  DRAFT: { title: "draft", colour: "--accent", form: 2 },
  DEPRECATED: { title: "deprecated", colour: "--warn", form: 3 },
  REJECTED: { title: "rejected or archived", colour: "--bad", form: 3 },
};
export const KINDS = Object.keys(MARKS);

/** Which of the marks a version has. @param {{inUse: boolean, status: string}} version */
export const kindOf = ({ inUse, status }) => (inUse ? "IN_USE" : status === "ARCHIVED" ? "REJECTED" : status in MARKS ? status : "ACTIVE");

/** The colours as they are now, light or dark: red, green and blue, 0..1. @param {Element} element */
export function colours(element) {
  const style = getComputedStyle(element);
  /** @param {string} token @returns {[number, number, number]} */
  return (token) => {
    const n = parseInt(style.getPropertyValue(token).trim().slice(1), 16);
    return [(n >> 16) / 255, ((n >> 8) & 255) / 255, (n & 255) / 255];
  };
}

/** The curve of an edge: it leaves to the right and arrives from the left; one that passes others of its lane goes over them. The
 * shader of the map has the same. @param {number} ax @param {number} ay @param {number} bx @param {number} by @param {number} column
 * @returns {[number, number, number, number]} its two control points */
export function curve(ax, ay, bx, by, column) {
  const bend = Math.min(60, Math.max(14, Math.abs(bx - ax) / 2));
  const over = ay === by && Math.abs(bx - ax) > 1.5 * column ? -18 : 0;
  return [ax + bend, ay + over, bx - bend, by + over];
}
