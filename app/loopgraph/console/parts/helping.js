// Whether plans help: sessions that were handed them against those from which chance withheld them.
import { count, interval, percent, words } from "../lib/format.js";
import { html } from "../lib/html.js";
import { useQuery } from "../lib/use.js";
import { Figure, Panel } from "./small.js";
import { Shown } from "./states.js";

/** Why there is no figure. @type {Record<string, string>} */
const WHY = {
  NO_UNITS: "of one kind of sessions there are none",
  TOO_FEW_UNITS: "there are too few sessions of a kind",
  TOO_EARLY: "there are too few sessions for a first look",
  NO_VARIANCE: "all sessions came to the same",
};
/** @param {string | null} reason */
const why = (reason) => (reason ? (WHY[reason] ?? words(reason)) : "");

/** @param {{id?: string}} props the learned pattern; without: of all */
export function Helping({ id }) {
  const asked = useQuery("plans_help", { id: id ?? null });
  return html`<${Panel} title=${id ? "Does its plan help?" : "Do plans help?"} note="the last 90 days">
    <${Shown} asked=${asked}>
      ${(/** @type {any} */ { replayEffect: found }) => {
        const { success, durationMs: time } = found;
        return html`<div class="figures">
            <${Figure} label="Handed out" value=${count(found.offers)} note=${found.unsettled ? `${count(found.unsettled)} of all go on` : ""} />
            <${Figure} label="Withheld by chance" value=${count(found.withheld)} />
            <${Figure} label="Succeeded with it" value=${percent(success.treatment.value)} note=${`without: ${percent(success.control.value)}`} />
            <${Figure} label="Changes successes by" value=${success.effect === null ? "–" : `${(success.effect * 100).toFixed(1)} points`} note=${success.interval ? interval(success.interval) : why(success.reason)} />
            <${Figure} label="Changes the time by" value=${percent(time.relative)} note=${time.relativeInterval ? interval(time.relativeInterval) : why(time.reason)} />
          </div>
          ${(success.reason ?? time.reason) && html`<p class="quiet">What is not known yet is not told as a figure: ${[...new Set([success.reason, time.reason].filter(Boolean).map(why))].join("; ")}.</p>`}
          ${!found.complete && html`<p class="notice">There are more offers than were looked at.</p>`}`;
      }}
    <//>
  <//>`;
}
