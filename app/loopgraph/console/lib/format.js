// Figures and times for people. Nothing known is an en dash, never 0.

export const UNKNOWN = "–";

/** @param {number | null | undefined} ms */
export function duration(ms) {
  if (ms === null || ms === undefined) return UNKNOWN;
  const size = Math.abs(ms);
  if (size < 1) return `${ms.toFixed(2)} ms`;
  if (size < 1_000) return `${ms.toFixed(size < 10 ? 1 : 0)} ms`;
  if (size < 59_950) return `${(ms / 1_000).toFixed(size < 10_000 ? 2 : 1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.round((ms % 60_000) / 1_000)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

/** @param {number | null | undefined} n */
export function count(n) {
  if (n === null || n === undefined) return UNKNOWN;
  if (Math.abs(n) < 10_000) return n.toLocaleString("en");
  const rounded = Number(n.toPrecision(3)); // before its unit is chosen: 999,999 is a million, not 1000 thousands
  const [size, unit] = Math.abs(rounded) < 1e6 ? [1e3, "k"] : Math.abs(rounded) < 1e9 ? [1e6, "M"] : [1e9, "G"];
  return `${(rounded / size).toLocaleString("en", { maximumSignificantDigits: 3 })} ${unit}`;
}

/** A count with what is counted. @param {number} n @param {string} one @param {string} [many] */
export const counted = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** @param {number | string | null | undefined} usd */
export function money(usd) {
  if (usd === null || usd === undefined) return UNKNOWN;
  const n = Number(usd);
  return `$${n !== 0 && Math.abs(n) < 0.1 ? n.toPrecision(3) : n.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** @param {number | null | undefined} share 0..1 */
export function percent(share) {
  if (share === null || share === undefined) return UNKNOWN;
  const n = share * 100;
  return `${n === 0 || n === 100 ? n : n.toFixed(Math.abs(n) < 10 || n > 90 ? 1 : 0)} %`;
}

/** @param {{low: number, high: number} | null | undefined} interval */
export const interval = (interval) => (interval ? `${percent(interval.low)} to ${percent(interval.high)}` : UNKNOWN);

/** The instant as it stands on the clock here.
 * @param {string | null | undefined} instant RFC 3339 */
export function moment(instant) {
  if (!instant) return UNKNOWN;
  return new Date(instant).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** How long ago it was.
 * @param {string | null | undefined} instant RFC 3339 @param {number} [now] ms */
export function ago(instant, now = Date.now()) {
  if (!instant) return UNKNOWN;
  const s = Math.round((now - Date.parse(instant)) / 1_000);
  if (s < 0) return moment(instant);
  if (s < 5) return "now";
  if (s < 60) return `${s} s ago`;
  if (s < 3_600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86_400) return `${Math.floor(s / 3_600)} h ago`;
  return s < 30 * 86_400 ? `${Math.floor(s / 86_400)} d ago` : new Date(instant).toLocaleDateString(undefined, { dateStyle: "medium" });
}

/** How long ago an hour was in which something happened.
 * @param {string} begin RFC 3339 @param {number} [now] ms */
export function hourAgo(begin, now = Date.now()) {
  const hours = Math.floor(now / 3_600_000) - Math.floor(Date.parse(begin) / 3_600_000);
  return hours <= 0 ? "this hour" : hours === 1 ? "the hour before this" : ago(begin, now);
}

/** @param {string | null | undefined} text @param {number} [most] */
export function short(text, most = 120) {
  if (text === null || text === undefined) return "";
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > most ? `${[...line].slice(0, most - 1).join("")}…` : line;
}

/** The end of an id, which tells it from others: ids often begin with the time at which they were made.
 * @param {string} id @param {number} [most] */
export const tail = (id, most = 16) => (id.length > most ? `…${[...id].slice(1 - most).join("")}` : id);

/** `IN_PROGRESS` as words.
 * @param {string | null | undefined} name */
export const words = (name) => (name ?? "").toLowerCase().replaceAll("_", " ");

/** What a prompt is about: its first line, without the signs of Markdown.
 * @param {string | null | undefined} text @param {number} [most] */
export function title(text, most = 90) {
  const line = (text ?? "").split("\n").find((one) => one.trim()) ?? "";
  return short(line.replace(/^#{1,6}\s+/, "").replace(/\*\*|`/g, ""), most);
}
