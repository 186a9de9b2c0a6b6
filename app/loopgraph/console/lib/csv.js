// CSV as RFC 4180 has it.

const FORMULA = /^['=+\-@\t\r\n＝＋－＠]/; // what a spreadsheet would run (OWASP, CSV Injection), or the mark of one that was escaped

/** Numbers stay as they are; a text never becomes a formula. @param {string | number} value */
function cell(value) {
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @param {(string | number)[][]} rows */
export const records = (rows) => rows.map((row) => row.map(cell).join(",")).join("\r\n");
