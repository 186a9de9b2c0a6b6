// An experiment on a pattern before it starts: what is compared, what must not get worse, and what that finds in how many days.
import { go, href, segment, useParams } from "../lib/address.js";
import { count, counted, percent, words } from "../lib/format.js";
import { html } from "../lib/html.js";
import { clash, daysOf, designInput, guardrailsOf, guardrailsText, unitsOfAll, unitsPerDay } from "../lib/power.js";
import { useQuery } from "../lib/use.js";
import { Action } from "../parts/action.js";
import { Guarded, Num, Pick } from "../parts/designing.js";
import { metricName, metricText, METRICS } from "../parts/proof.js";
import { Figure, Head, Panel } from "../parts/small.js";
import { Shown } from "../parts/states.js";

/** @type {Record<string, string>} */
const HORIZONS = {
  ALWAYS_VALID: "whenever there are new units",
  GROUP_SEQUENTIAL: "five times, as planned",
  FIXED: "once, at the end",
};

/** @type {Record<string, string>} */
const EXPOSURES = { AT_ONCE: "at once", STAGES: "in stages: 1, 5, 10, 25, 50 %" };

/** @type {Record<string, string>} */
const ALLOCATIONS = { PLANNED: "as planned", THOMPSON: "more to what does better (Thompson)" };

/** @type {Record<string, string>} */
const TAILS = { "": "as they are", WINSORISED: "cut at 99 %", LOGARITHM: "as logarithms", RANKS: "by their order alone" };

/** One of the keys of a table. @param {Record<string, string>} table @param {string | undefined} key @param {string} usual */
const one = (table, key, usual) => (key !== undefined && Object.hasOwn(table, key) ? key : usual);

/** A parameter of the address as a number within bounds, else what it usually is.
 * @param {string | undefined} text @param {number} usual @param {number} least @param {number} most */
function number(text, usual, least, most) {
  const value = text ? Number(text) : usual;
  return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : usual;
}

/** The parameters of what is folded until it is used. */
const MORE = ["candidates", "allocation", "exposure", "holdout", "tail", "history", "least"];

/** The design that the address says. @param {Record<string, string>} params */
function designed(params) {
  const metric = one(METRICS, params.metric, "DURATION_MS");
  return {
    metric,
    horizon: one(HORIZONS, params.horizon, "ALWAYS_VALID"),
    gain: number(params.gain, 10, 0.1, 1000) / 100,
    share: number(params.share, 50, 1, 99) / 100,
    units: Math.round(number(params.units, 30, 10, 500_000)),
    level: number(params.level, 5, 0.001, 50) / 100,
    power: number(params.power, 80, 1, 99) / 100,
    days: Math.round(number(params.days, 30, 1, 3_650)),
    candidates: Math.round(number(params.candidates, 1, 1, 5)),
    allocation: one(ALLOCATIONS, params.allocation, "PLANNED"),
    exposure: one(EXPOSURES, params.exposure, "AT_ONCE"),
    holdout: params.holdout ? number(params.holdout, 0, 0, 50) / 100 : null,
    tail: one(TAILS, params.tail, ""),
    history: Math.round(number(params.history, 0, 0, 365)),
    least: number(params.least, 0, 0, 1000) / 100,
    guardrails: guardrailsOf(params.guard).filter((one) => one.metric !== metric).slice(0, 5),
  };
}

/** @param {{id: string}} props */
export default function Design({ id }) {
  const [params, set] = useParams();
  const design = designed(params);
  const { guardrails, metric, gain, horizon, share, units, level, power, days, candidates } = design;
  const asked = useQuery("power", { id, metric, gain, horizon, share, units, level, power, days, candidates });
  const wrong = clash(design);
  const name = asked.data?.pattern?.name;
  const change = (/** @type {string} */ key) => (/** @type {string} */ value) => set({ [key]: value });
  return html`
    <${Head} title=${name ? `An experiment on ${name}` : "An experiment"} up=${{ href: href(`/patterns/${segment(id)}`), title: "The pattern" }} />
    <form class="filters" aria-label="The design" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <${Pick} label="Compared" value=${design.metric} options=${METRICS} change=${change("metric")} />
      <${Num} label="A gain to find, %" value=${design.gain * 100} least=${0.1} most=${1000} change=${change("gain")} />
      <${Pick} label="One looks" value=${design.horizon} options=${HORIZONS} change=${change("horizon")} />
      <${Num} label="Units planned for each arm" value=${design.units} least=${10} most=${500_000} step="1" change=${change("units")} />
      <${Num} label="Share that gets the candidate, %" value=${design.share * 100} least=${1} most=${99} change=${change("share")} />
      <${Num} label="False alarms, %" value=${design.level * 100} least=${0.001} most=${50} change=${change("level")} />
      <${Num} label="Found with, %" value=${design.power * 100} least=${1} most=${99} change=${change("power")} />
      <${Num} label="By the last days" value=${design.days} least=${1} most=${3_650} step="1" change=${change("days")} />
    </form>
    <details class="more" open=${Object.keys(params).some((key) => MORE.includes(key))}>
      <summary>Several candidates, exposure, who is left out, and long tails</summary>
      <form class="filters" aria-label="More of the design" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
        <${Num} label="Candidates beside each other" value=${candidates} least=${1} most=${5} step="1" change=${change("candidates")} />
        <${Pick} label="Shares" value=${design.allocation} options=${ALLOCATIONS} change=${change("allocation")} />
        <${Pick} label="Units get the candidate" value=${design.exposure} options=${EXPOSURES} change=${change("exposure")} />
        <${Num} label="Held out of all experiments, %" value=${(design.holdout ?? 0) * 100} least=${0} most=${50} change=${change("holdout")} />
        <${Pick} label="Values" value=${design.tail} options=${TAILS} change=${change("tail")} />
        <${Num} label="Adjusted by the days before (0: not)" value=${design.history} least=${0} most=${365} step="1" change=${change("history")} />
        <${Num} label="Given up below a gain of, % (0: never)" value=${design.least * 100} least=${0} most=${1000} change=${change("least")} />
      </form>
    </details>
    <${Guarded} guardrails=${guardrails} compared=${design.metric} change=${(/** @type {any[]} */ chosen) => set({ guard: guardrailsText(chosen) })} />
    <${Shown} asked=${asked}>${(/** @type {any} */ data) => html`<${Found} data=${data} design=${design} />`}<//>
    ${wrong !== null && html`<p class="failure" role="alert">${wrong}</p>`}
    ${wrong === null &&
    asked.data?.pattern?.currentVersion &&
    html`<div class="doing"><${Action}
      title="Start a run with this design"
      operation="run_loop"
      does="What was proposed, by people or by rules, is compared with what is in use, unit by unit. Whoever asks for the pattern is given one of the two."
      input=${() => ({
        patternId: id,
        minSampleSize: units,
        significanceLevel: level,
        timeWindowDays: days,
        design: designInput(design),
      })}
      done=${(/** @type {any} */ result) => go(href(`/runs/${segment(result.run.runId)}`))}
    /></div>`}
  `;
}

/** What the design finds.
 * @param {{data: any, design: any}} props */
function Found({ data, design }) {
  const { pattern, experimentPower: found } = data;
  const { needed, planned } = found;
  const { candidates } = design;
  const all = (/** @type {number | null} */ units) => unitsOfAll(units, candidates);
  const arms = candidates > 1 ? `all ${candidates + 1} arms` : "both arms";
  const perDay = unitsPerDay(found.units, design.days, pattern.currentVersion.createdAt);
  const why = (/** @type {any} */ one) => (one.reason ? words(one.reason) : "");
  const inDays = (/** @type {number | null} */ units) => {
    const days = daysOf(units, perDay);
    return days === null ? "" : `about ${counted(days, "day")} at this traffic`;
  };
  return html`<${Panel} title="What it finds" note=${`version ${pattern.currentVersion.version}, as it did in the last ${counted(design.days, "day")}`}>
    <div class="figures">
      <${Figure} label="Units that tell" value=${count(found.units)} note=${perDay === null ? "none lately" : `${count(Number(perDay.toPrecision(3)))} a day`} />
      <${Figure} label=${`Mean ${metricName(design.metric)}`} value=${metricText(design.metric, found.mean)} note=${found.deviation === null ? "" : `± ${metricText(design.metric, found.deviation)} between units`} />
      <${Figure} label=${`Units needed, ${arms}`} value=${count(all(needed.units))} note=${why(needed) || inDays(all(needed.units))} />
      <${Figure} label=${`Found with ${count(all(planned.units))} planned`} value=${percent(planned.power)} note=${why(planned) || inDays(all(planned.units))} />
    </div>
    <p>
      ${needed.units === null
        ? `What is recorded does not tell how many units find a gain of ${percent(design.gain)}.`
        : `${counted(all(needed.units) ?? 0, "unit")} find a gain of ${percent(design.gain)} with ${percent(design.power)}, and one that is not there with at most ${percent(design.level)}${candidates > 1 ? ", all candidates together" : ""}.`}
    </p>
    ${needed.assumptions.length > 0 && html`<p class="quiet">It takes for granted: ${needed.assumptions.map(words).join(", ")}; and that units to come are as many, and vary as much, as those before.</p>`}
  <//>`;
}
