// What calls of models used and cost, in words.
import { count, counted, money } from "./format.js";

/** @typedef {{calls: number, inputTokens: number, cacheReadTokens: number, outputTokens: number, costUsd: number | null, unpricedCalls: number}} Usage */

/** @param {Usage} of */
export function used(of) {
  if (!of.calls) return "no model was called";
  const unpriced = of.unpricedCalls ? `, ${count(of.unpricedCalls)} without a price` : "";
  return `${counted(of.calls, "call")}: ${counted(of.inputTokens, "token")} in (${count(of.cacheReadTokens)} from a cache), ${count(of.outputTokens)} out · ${money(of.costUsd)}${unpriced}`;
}

/** Tokens in and out, and money; nothing of what used none. @param {Usage} of */
export const usedShortly = (of) => (of.calls ? `${count(of.inputTokens)} + ${count(of.outputTokens)} · ${money(of.costUsd)}` : "");

/** The sum; null where something is not known yet. @param {(Usage | undefined)[]} of @returns {Usage | undefined} */
export function summed(of) {
  if (of.some((one) => !one)) return undefined;
  const known = /** @type {Usage[]} */ (of);
  const costs = known.map((one) => one.costUsd).filter((cost) => cost !== null);
  const sum = (/** @type {"calls" | "inputTokens" | "cacheReadTokens" | "outputTokens" | "unpricedCalls"} */ name) => known.reduce((all, one) => all + one[name], 0);
  return {
    calls: sum("calls"),
    inputTokens: sum("inputTokens"),
    cacheReadTokens: sum("cacheReadTokens"),
    outputTokens: sum("outputTokens"),
    costUsd: costs.length ? costs.reduce((all, one) => all + Number(one), 0) : null,
    unpricedCalls: sum("unpricedCalls"),
  };
}

/** What a use cost: the mean over those whose cost is known, and over how many that is where these are not all.
 * @param {{meanUsd: number | null, priced: number}} cost @param {number} uses */
export function costOfUse({ meanUsd, priced }, uses) {
  if (meanUsd === null) return "";
  return `${money(meanUsd)} a use${priced < uses ? `, over ${count(priced)} of ${count(uses)} whose cost is known` : ""}`;
}
