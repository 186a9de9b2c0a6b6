// Which rows a waterfall shows: what is folded is left out, and repeats are one row.
import { summed } from "./usage.js";

const LEAST = 3; // repeats that become one row

/** Whether a row failed by itself. @param {{status: string}} row */
export const isFailed = (row) => row.status === "ERROR" || row.status === "TIMEOUT";

/** The rows under those that are folded are left out.
 * @param {any[]} rows @param {Set<string>} folded */
export function unfolded(rows, folded) {
  const shown = [];
  let within = Infinity;
  for (const row of rows) {
    if (row.depth > within) continue;
    within = folded.has(row.spanId) ? row.depth : Infinity;
    shown.push(row);
  }
  return shown;
}

/** Equal siblings that follow each other, with nothing under them and without a failure, become one row that has their `repeats`;
 * where it is open, or one of them is the chosen one, they follow it.
 * @param {any[]} rows @param {Set<string>} opened @param {string | null} chosen */
export function grouped(rows, opened, chosen) {
  const shown = [];
  for (let at = 0; at < rows.length; ) {
    const first = rows[at];
    let end = at;
    while (end < rows.length && isLeaf(rows, end) && alike(first, rows[end])) end += 1;
    if (end - at < LEAST) {
      shown.push(first);
      at += 1;
      continue;
    }
    const members = rows.slice(at, end);
    const group = asOne(members);
    const open = opened.has(group.spanId) || members.some((row) => row.spanId === chosen);
    shown.push({ ...group, open });
    if (open) shown.push(...members.map((row) => ({ ...row, depth: row.depth + 1 })));
    at = end;
  }
  return shown;
}

/** @param {any[]} rows @param {number} at */
const isLeaf = (rows, at) => at + 1 >= rows.length || rows[at + 1].depth <= rows[at].depth;

/** @param {any} a @param {any} b */
const alike = (a, b) => a.parentId === b.parentId && a.name === b.name && a.kind === b.kind && a.status === b.status && !isFailed(a);

/** @param {any[]} members */
function asOne(members) {
  const known = members.filter((row) => row.startOffsetMs !== null);
  const begin = known.length ? known.reduce((least, row) => Math.min(least, row.startOffsetMs), Infinity) : null;
  const end = begin === null ? null : known.reduce((most, row) => Math.max(most, row.startOffsetMs + (row.durationMs ?? 0)), -Infinity);
  return {
    ...members[0],
    spanId: `repeats:${members[0].spanId}`,
    repeats: members.length,
    startOffsetMs: begin,
    durationMs: begin === null || end === null ? null : end - begin,
    critical: members.some((row) => row.critical),
    branchUsage: summed(members.map((row) => row.branchUsage)),
  };
}
