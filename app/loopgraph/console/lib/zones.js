// The calendars of time zones, as the browser knows them. A wall clock is told in ms, as those of a UTC clock that shows the same.

const DAY = 86_400_000;

/** @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map();

/** @param {string} zone */
function clock(zone) {
  let found = clocks.get(zone);
  if (!found) {
    const parts = /** @type {const} */ ({ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
    found = new Intl.DateTimeFormat("en", { ...parts, timeZone: zone, hourCycle: "h23", calendar: "gregory", numberingSystem: "latn" });
    clocks.set(zone, found);
  }
  return found;
}

/** Whether it is the name of a time zone. @param {string} name */
export function isZone(name) {
  try {
    clock(name);
    return /^[A-Za-z]/.test(name); // an offset is none
  } catch {
    return false;
  }
}

/** All that the browser knows by name. @returns {string[]} */
export const zones = () => ["UTC", ...Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC")];

/** What the wall clock of a zone shows, to the second. @param {number} instant ms @param {string} zone */
export function wall(instant, zone) {
  /** @type {Record<string, number>} */
  const at = {};
  for (const { type, value } of clock(zone).formatToParts(instant)) at[type] = Number(value);
  return Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second);
}

/** When the wall clock of a zone shows this: the first time, where it does twice; where it never does, so long after it was put
 * forward as it would have been after. @param {number} shown ms @param {string} zone */
export function instantOf(shown, zone) {
  const offsets = [shown - DAY, shown + DAY].map((near) => wall(near, zone) - near);
  const found = offsets.map((offset) => shown - offset).filter((instant) => wall(instant, zone) === shown);
  return found.length ? Math.min(...found) : shown - offsets[0];
}

/** Where the interval begins that holds what a wall clock shows, and `by` intervals later; weeks begin on Mondays.
 * @param {number} shown ms @param {string} interval HOUR, DAY, WEEK or MONTH @param {number} [by] */
export function begin(shown, interval, by = 0) {
  if (interval === "MONTH") {
    const date = new Date(shown);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + by, 1);
  }
  const length = { HOUR: DAY / 24, DAY, WEEK: 7 * DAY }[interval] ?? DAY;
  const monday = interval === "WEEK" ? 4 * DAY : 0; // 1970 began on a Thursday
  return Math.floor((shown - monday) / length) * length + monday + by * length;
}

/** The date and time of a wall clock, as forms have it: `2026-11-29T14:30`. @param {number} shown ms */
export const written = (shown) => new Date(shown).toISOString().slice(0, 16);

/** Years in which all calendars, and ours, count alike. */
const [FIRST, LAST] = [Date.UTC(1000, 0), Date.UTC(9999, 0)];

/** What such a text shows; null for another one, or for a day that there is not. @param {string | undefined} text */
export function read(text) {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d)?$/.test(text ?? "")) return null;
  const whole = `${text}${text?.includes("T") ? "" : "T00:00"}`;
  const at = Date.parse(`${whole}Z`);
  return at >= FIRST && at < LAST && written(at) === whole ? at : null;
}

/** An instant as the clock of a zone shows it, for tables. @param {string} instant RFC 3339 @param {string} zone */
export const shownIn = (instant, zone) => written(wall(Date.parse(instant), zone)).replace("T", " ");
