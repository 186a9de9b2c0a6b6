// The time that is looked at, as the address says it: so many days with today, or from one moment to another, on the clock of a zone.
import { begin, instantOf, isZone, read, wall, written } from "./zones.js";

/** Days that can be chosen. */
export const DAYS = { 1: "24 hours", 7: "7 days", 30: "30 days", 90: "90 days", 365: "52 weeks" };

export const INTERVALS = { HOUR: "hours", DAY: "days", WEEK: "weeks", MONTH: "months" };

/** The parameters of an address that look at the same time: what leads to another view hands them on.
 * @param {Record<string, string>} params @param {number | null} days those that are looked at, if that is how it is said */
export const handedOn = ({ from, to, zone }, days) => ({ days: from === undefined && to === undefined ? days : null, from, to, zone });

const HOUR = 3_600_000;
const MOST_DAYS = 400; // that the API looks at
const MOST_HOURS = 2_400;

/** @typedef {{since: string, until: string}} Range */
/** `window` is what is looked at; `whole` the same in whole intervals, as series have it; `coarse` the intervals of small lines of which
 * there are many. Of ranges that are null, `problem` says why.
 * @typedef {{days: number | null, window: Range | null, whole: Range | null, timeZone: string, interval: string, coarse: string, problem: string | null}} Looked */

/** @param {number} since ms @param {number} until ms @returns {Range} */
const range = (since, until) => ({ since: new Date(since).toISOString(), until: new Date(until).toISOString() });

/** How long the intervals of a series are, unless somebody chooses. @param {number} days */
const usualInterval = (days) => (days <= 2 ? "HOUR" : days <= 180 ? "DAY" : "WEEK");

/** What the parameters of the address ask for.
 * @param {Record<string, string>} params @param {number} usual days @param {number} now ms @returns {Looked} */
export function looked(params, usual, now) {
  const timeZone = params.zone ?? "UTC";
  const none = { window: null, whole: null, timeZone, interval: "DAY", coarse: "DAY" };
  if (!isZone(timeZone)) return { ...none, days: usual, problem: `There is no time zone ${timeZone}.` };
  const given = params.from !== undefined || params.to !== undefined;
  const found = given ? between(params, timeZone, now) : lately(Object.hasOwn(DAYS, Number(params.days)) ? Number(params.days) : usual, params, timeZone, now);
  if (typeof found === "string") return { ...none, days: null, problem: found };
  const long = (Date.parse(found.whole.until) - Date.parse(found.whole.since)) / HOUR;
  if (found.interval === "HOUR" && long > MOST_HOURS) return { ...none, days: found.days, problem: "That are too many hours: choose days, or a shorter time." };
  return { ...found, timeZone, coarse: found.interval === "HOUR" ? "DAY" : found.interval, problem: null };
}

/** So many days with today, or as many weeks or months with this one; 24 hours with this hour.
 * @param {number} days @param {Record<string, string>} params @param {string} zone @param {number} now ms */
function lately(days, params, zone, now) {
  const interval = Object.hasOwn(INTERVALS, params.interval) ? params.interval : usualInterval(days);
  if (days === 1 && interval === "HOUR") {
    const until = (Math.floor(now / HOUR) + 1) * HOUR;
    const window = range(until - 24 * HOUR, until);
    return { days, window, whole: window, interval };
  }
  const shown = wall(now, zone);
  const [unit, count] = { WEEK: ["WEEK", days / 7], MONTH: ["MONTH", days / 30.4375] }[interval] ?? ["DAY", days];
  const many = Math.max(1, Math.round(Number(count)));
  const [first, end] = [begin(shown, String(unit), 1 - many), begin(shown, String(unit), 1)];
  const window = range(instantOf(first, zone), instantOf(end, zone));
  return { days, window, whole: window, interval };
}

/** From one moment to another.
 * @param {Record<string, string>} params @param {string} zone @param {number} now ms */
function between(params, zone, now) {
  const from = read(params.from);
  const to = params.to === undefined ? begin(wall(now, zone), "DAY", 1) : read(params.to);
  if (from === null) return "Choose where it begins.";
  if (to === null) return "Choose where it ends.";
  const [since, until] = [instantOf(from, zone), instantOf(to, zone)];
  // On the clock it may end later though it does not: where the clock is put forward.
  if (from >= to || since >= until) return "It must end after it begins.";
  const days = (until - since) / (24 * HOUR);
  if (days > MOST_DAYS) return `At most ${MOST_DAYS} days can be looked at.`;
  const interval = Object.hasOwn(INTERVALS, params.interval) ? params.interval : usualInterval(days);
  const last = begin(to - 1, interval, 1);
  const whole = interval === "HOUR" ? range(Math.floor(since / HOUR) * HOUR, Math.ceil(until / HOUR) * HOUR) : range(instantOf(begin(from, interval), zone), instantOf(last, zone));
  return { days: null, window: range(since, until), whole, interval };
}

/** A range as the clock of a zone shows it: its first moment and its end, `2026-11-01T00:00`. @param {Range} one @param {string} zone */
export const onClock = (one, zone) => /** @type {[string, string]} */ ([one.since, one.until].map((at) => written(wall(Date.parse(at), zone))));
