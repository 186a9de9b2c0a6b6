// Tables: columns are values, so that what is shown and what is exported are the same.
import { html, useMemo, useState } from "../lib/html.js";

/** @typedef {{title: any, cell: (row: any) => any, number?: boolean, wide?: boolean, key?: string, where?: (row: any) => any, by?: (row: any) => string | number | null}} Column
 * a column with `where` is left out if no row has that; one with `by` can be sorted by that */

/** Rows in the order of values; those without one come last, whichever way. @param {any[]} rows @param {(row: any) => string | number | null} by @param {boolean} down */
function sorted(rows, by, down) {
  const sign = down ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [by(one), by(other)];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    return sign * (typeof a === "string" || typeof b === "string" ? String(a).localeCompare(String(b)) : a - b);
  });
}

/** @param {{columns: Column[], rows: any[], caption: string, rowHref?: (row: any) => string | null, rowClass?: (row: any) => string}} props */
export function Table({ columns: all, rows, caption, rowHref, rowClass }) {
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
          ${columns.map((column) => html`<${Heading} column=${column} order=${order} sort=${sort} />`)}
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

/** @param {{column: Column, order: {title: any, down: boolean}, sort: (order: {title: any, down: boolean}) => void}} props */
function Heading({ column, order, sort }) {
  const { title, by, number } = column;
  if (!by) return html`<th scope="col" class=${number ? "number" : ""}>${title}</th>`;
  const is = order.title === title;
  return html`<th scope="col" class=${number ? "number" : ""} aria-sort=${is ? (order.down ? "descending" : "ascending") : "none"}>
    <button type="button" class="plain sort" onClick=${() => sort({ title, down: is ? !order.down : Boolean(number) })}>${title}<span aria-hidden="true">${is ? (order.down ? " ▾" : " ▴") : ""}</span></button>
  </th>`;
}
