// Tables: columns are values, so that what is shown and what is exported are the same.
import { html, useMemo, useState } from "../lib/html.js";

/** @typedef {{title: any, cell: (row: any) => any, number?: boolean, wide?: boolean, key?: string, where?: (row: any) => any, by?: (row: any) => string | number | null, order?: string, down?: boolean}} Column
 * a column with `where` is left out if no row has that; one with `by` can be sorted by that, and one with `order` by whoever brings the rows;
 * numbers, and what is to be `down` at first, begin with the largest */

/** @typedef {{by: string, down: boolean, sort: (by: string, down: boolean) => void}} Ordered in which order the rows come, and what asks for another */

/** Rows in the order of values; those without one come last, whichever way. @param {any[]} rows @param {(row: any) => string | number | null} by @param {boolean} down */
function sorted(rows, by, down) {
  const sign = down ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [by(one), by(other)];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    return sign * (typeof a === "string" || typeof b === "string" ? String(a).localeCompare(String(b)) : a - b);
  });
}

/** @param {{columns: Column[], rows: any[], caption: string, ordered?: Ordered, rowHref?: (row: any) => string | null, rowClass?: (row: any) => string}} props */
export function Table({ columns: all, rows, caption, ordered, rowHref, rowClass }) {
  const columns = all.filter(({ where }) => !where || rows.some(where));
  const [order, sort] = useState({ title: /** @type {any} */ (null), down: true });
  const by = columns.find((column) => column.by && column.title === order.title)?.by;
  const shown = useMemo(() => (by ? sorted(rows, by, order.down) : rows), [rows, order]);
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${caption}>
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map((column) => html`<${Heading} ...${sorting(column, order, sort, ordered)} />`)}
        </tr>
      </thead>
      <tbody>
        ${shown.map(
          (row) =>
            html`<tr class=${rowClass?.(row) ?? ""}>
              ${columns.map((column, at) => {
                const link = at === 0 ? rowHref?.(row) : null;
                const content = column.cell(row);
                return html`<td class=${[column.number && "number", column.wide && "wide"].filter(Boolean).join(" ")}>
                  ${link ? html`<a href=${link}>${content}</a>` : content}
                </td>`;
              })}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** How a column is sorted: whether the rows are in its order, which way, and what brings that about; `sort` is null where nothing can.
 * @param {Column} column @param {{title: any, down: boolean}} order @param {(order: {title: any, down: boolean}) => void} sort @param {Ordered} [ordered] */
function sorting(column, order, sort, ordered) {
  const { title, by, order: name } = column;
  if (ordered && name) return { column, is: ordered.by === name, down: ordered.down, sort: (/** @type {boolean} */ down) => ordered.sort(name, down) };
  return { column, is: Boolean(by) && order.title === title, down: order.down, sort: by ? (/** @type {boolean} */ down) => sort({ title, down }) : null };
}

/** @param {{column: Column, is: boolean, down: boolean, sort: ((down: boolean) => void) | null}} props */
function Heading({ column: { title, number, down: first = number }, is, down, sort }) {
  if (!sort) return html`<th scope="col" class=${number ? "number" : ""}>${title}</th>`;
  return html`<th scope="col" class=${number ? "number" : ""} aria-sort=${is ? (down ? "descending" : "ascending") : "none"}>
    <button type="button" class="plain sort" onClick=${() => sort(is ? !down : Boolean(first))}>${title}<span aria-hidden="true">${is ? (down ? " ▾" : " ▴") : ""}</span></button>
  </th>`;
}
