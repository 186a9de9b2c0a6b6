// What an edit changed, line by line.
import { html, useMemo } from "../lib/html.js";

const MOST = 2_000; // lines that are compared; beyond, everything counts as changed

/** The shortest way from one list of lines to another: `[sign, line]` with ` `, `-` or `+`.
 * @param {string[]} before @param {string[]} after @returns {[string, string][]} */
export function difference(before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const a = before.slice(start, before.length - end);
  const b = after.slice(start, after.length - end);
  /** @type {[string, string][]} */
  const middle = a.length * b.length > MOST * MOST ? [...a.map(removed), ...b.map(added)] : aligned(a, b);
  return [...before.slice(0, start).map(kept), ...middle, ...before.slice(before.length - end).map(kept)];
}

const kept = (/** @type {string} */ line) => /** @type {[string, string]} */ ([" ", line]);
const removed = (/** @type {string} */ line) => /** @type {[string, string]} */ (["-", line]);
const added = (/** @type {string} */ line) => /** @type {[string, string]} */ (["+", line]);

/** @param {string[]} a @param {string[]} b @returns {[string, string][]} */
function aligned(a, b) {
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width); // longest common subsequences of the rests
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      common[i * width + j] =
        a[i] === b[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
  /** @type {[string, string][]} */
  const lines = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      lines.push(kept(a[i]));
      i += 1;
      j += 1;
    } else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) lines.push(removed(a[i++]));
    else lines.push(added(b[j++]));
  }
  return [...lines, ...a.slice(i).map(removed), ...b.slice(j).map(added)];
}

/** @param {{before: string, after: string, label?: string}} props */
export function Diff({ before, after, label = "What changed" }) {
  const lines = useMemo(() => difference(before.split("\n"), after.split("\n")), [before, after]);
  return html`<div class="diff" role="table" aria-label=${label}>
    ${lines.map(
      ([sign, line]) =>
        html`<div role="row" class=${{ "+": "added", "-": "removed", " ": "kept" }[sign]}>
          <span role="cell" class="sign">${sign}</span><span role="cell">${line || " "}</span>
        </div>`,
    )}
  </div>`;
}
