// What planned experiments take, in units and in days.

const DAY = 86_400_000;

/** Units a day that the version in use has had: over the window, or over its own age where that is shorter, a day at least. Null where it
 * had none.
 * @param {number} units @param {number} windowDays @param {string} since when the version was made, RFC 3339 @param {number} [now] ms */
export function unitsPerDay(units, windowDays, since, now = Date.now()) {
  const age = Math.max(0, now - Date.parse(since)) / DAY;
  return units > 0 ? units / Math.max(1, Math.min(windowDays, age)) : null;
}

/** Whole days in which so many units come. @param {number | null} units of both arms @param {number | null} perDay */
export const daysOf = (units, perDay) => (units === null || perDay === null ? null : Math.ceil(units / perDay));

/** `SUCCESS_RATE:0.02,COST_USD:0.1` as guarded metrics; what cannot be read is left out, and so is a metric that is there twice.
 * @param {string | undefined} text */
export function guardrailsOf(text) {
  /** @type {{metric: string, margin: number}[]} */
  const found = [];
  for (const [metric, margin] of (text ?? "").split(",").map((part) => part.split(":"))) {
    const value = Number(margin);
    if (/^[A-Z_]+$/.test(metric) && margin && value >= 0 && value <= 1 && !found.some((one) => one.metric === metric)) found.push({ metric, margin: value });
  }
  return found;
}

/** The same as a text. @param {{metric: string, margin: number}[]} guardrails */
export const guardrailsText = (guardrails) => guardrails.map(({ metric, margin }) => `${metric}:${margin}`).join(",");

/** The stages of an exposure that grows to a share; none where it is too small for two of them. @param {number} share */
export function stagesTo(share) {
  const before = [0.01, 0.05, 0.1, 0.25, 0.5].filter((one) => one < share);
  return before.length > 0 ? [...before, share] : [];
}

/** @typedef {{metric: string, horizon: string, share: number, units: number, candidates: number, allocation: string, exposure: string, holdout: number | null, tail: string, history: number, least: number, guardrails: {metric: string, margin: number}[]}} Design */

/** What of a design does not go together, in words; null where all does. @param {Design} design */
export function clash({ metric, horizon, share, candidates, allocation, exposure, tail, history, least }) {
  const staged = exposure === "STAGES";
  const adapts = allocation === "THOMPSON";
  if (staged && stagesTo(share).length < 2) return "An exposure that grows needs a share of more than 1 %.";
  if (staged && horizon !== "ALWAYS_VALID") return "An exposure that grows is looked at whenever there are new units.";
  if (staged && candidates > 1) return "Exposure grows for one candidate after the other, not for several at once.";
  if (staged && history > 0) return "What units did before is not taken into account while exposure grows.";
  if (candidates > 1 && share !== 0.5) return "Several candidates at once get shares of one size: leave the share at 50 %.";
  if (adapts && (horizon !== "ALWAYS_VALID" || staged)) return "Shares follow from what was seen where one looks whenever there are new units, without stages.";
  if (adapts && (history > 0 || tail === "LOGARITHM")) return "Shares that follow from what was seen go neither with what units did before, nor with logarithms.";
  if (tail === "RANKS" && (staged || adapts || history > 0 || least > 0)) return "The order alone is compared where shares stay, without what units did before, and without a least gain.";
  if (tail && !["DURATION_MS", "TOKENS", "COST_USD"].includes(metric)) return "Only durations, tokens and costs have a long tail.";
  return null;
}

/** The same as `ExperimentDesignInput`: what is left out is as it is by itself. @param {Design} design */
export function designInput({ metric, horizon, share, candidates, allocation, exposure, holdout, tail, history, least, guardrails }) {
  return {
    metric,
    horizon,
    treatmentShare: share,
    guardrails,
    ...(exposure === "STAGES" && { stages: stagesTo(share) }),
    ...(candidates > 1 && { candidatesAtOnce: candidates }),
    ...(allocation !== "PLANNED" && { allocation }),
    ...(holdout !== null && { holdoutShare: holdout }),
    ...(tail && { tail: { treatment: tail } }),
    ...(history > 0 && { historyDays: history }),
    ...(least > 0 && { minimumGain: least }),
  };
}

/** Units of all arms, of which two would need so many. @param {number | null} units @param {number} candidates */
export const unitsOfAll = (units, candidates) => (units === null ? null : Math.ceil((units * (candidates + 1)) / 2));
