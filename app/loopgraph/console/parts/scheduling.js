// A new schedule.
import { html, useId, useMemo, useState } from "../lib/html.js";
import { PATTERN_TYPES } from "../lib/types.js";
import { useQuery } from "../lib/use.js";
import { isZone, zones } from "../lib/zones.js";
import { Action } from "./action.js";

/** @type {Record<string, string>} */
const TIMES = {
  "0 3 * * *": "every night at 3",
  "0 3 * * 1-5": "at 3 on weekdays",
  "0 3 * * 1": "on Mondays at 3",
  "0 * * * *": "every hour",
};

/** @type {Record<string, string>} */
const PROFILES = { "": "as usual", CONSERVATIVE: "careful", AGGRESSIVE: "quick", QUALITY: "by quality", MONITORING: "only watched: nothing is applied by itself" };

/** What the form has typed in, as the mutation's input; or what is missing, in words.
 * @param {Record<string, string>} given @param {any[]} named patterns that the name may be */
function inputOf({ name, cron, zone, pattern, patternId, tag, type, profile }, named) {
  if (!name.trim()) return "Give it a name.";
  if (!isZone(zone.trim())) return `There is no time zone ${zone.trim() || "without a name"}.`;
  const typed = pattern.trim();
  const found = named.filter((one) => one.name === typed || one.patternId === typed);
  const id = typed ? patternId || (found.length === 1 ? found[0].patternId : "") : "";
  if (typed && !id) return found.length > 1 ? `${found.length} patterns are called ${typed}: give the id of one.` : `There is no pattern ${typed}.`;
  if (id && (tag.trim() || type)) return "Choose one pattern, or all of a tag or a type.";
  if (!id && !tag.trim() && !type) return "Say which patterns: one, or all of a tag or a type.";
  const which = id ? { patternIds: [id] } : { tag: tag.trim() || null, patternType: type || null };
  return { name: name.trim(), cron: cron.trim(), timeZone: zone.trim(), profile: profile || null, ...which };
}

/** @param {{patternId: string, patternName: string, done: () => void}} props the pattern that one comes from, if from one */
export function NewSchedule({ patternId, patternName, done }) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [given, set] = useState({ name: "", cron: "0 3 * * *", zone: isZone(here) ? here : "UTC", pattern: patternName || patternId, patternId, tag: "", type: "", profile: "" });
  const [lists, listed] = [{ zones: useId(), times: useId(), patterns: useId() }, useMemo(() => zones().map((name) => html`<option value=${name}></option>`), [])];
  const isSought = given.pattern.trim() !== "" && !given.patternId;
  const named = (useQuery(isSought ? "pattern_names" : null, { nameContains: given.pattern.trim() }).data?.patterns.edges ?? []).map((/** @type {any} */ edge) => edge.node);
  const typed = (/** @type {string} */ key, /** @type {Record<string, string>} */ more = {}) => (/** @type {any} */ event) => set({ ...given, [key]: event.target.value, ...more });
  return html`<${Action}
    title="Add a schedule"
    operation="create_schedule"
    open=${patternId !== ""}
    does="It starts a run over each pattern whenever it is due, as long as the service runs; what was missed meanwhile is made up for once."
    input=${() => inputOf(given, named)}
    done=${done}
  >
    <label>Name <input required value=${given.name} onInput=${typed("name")} /></label>
    <label>When, as cron has it: minute, hour, day of the month, month, day of the week
      <input class="cron" required list=${lists.times} spellcheck=${false} value=${given.cron} onInput=${typed("cron")} />
    </label>
    <datalist id=${lists.times}>${Object.entries(TIMES).map(([cron, title]) => html`<option value=${cron}>${title}</option>`)}</datalist>
    <p class="quiet">${TIMES[given.cron.trim()] ?? ""}</p>
    <label>On the clock of <input required list=${lists.zones} spellcheck=${false} value=${given.zone} onInput=${typed("zone")} /></label>
    <datalist id=${lists.zones}>${listed}</datalist>
    <label>One pattern, by its name or id <input list=${lists.patterns} spellcheck=${false} value=${given.pattern} onInput=${typed("pattern", { patternId: "" })} /></label>
    <datalist id=${lists.patterns}>${named.map((/** @type {any} */ one) => html`<option value=${one.name}>${one.patternType}</option>`)}</datalist>
    <label>or all with the tag <input value=${given.tag} onInput=${typed("tag")} /></label>
    <label>or all of the type
      <select value=${given.type} onChange=${typed("type")}>${PATTERN_TYPES.map((type) => html`<option value=${type}>${type || "–"}</option>`)}</select>
    </label>
    <label>How
      <select value=${given.profile} onChange=${typed("profile")}>${Object.entries(PROFILES).map(([one, title]) => html`<option value=${one}>${title}</option>`)}</select>
    </label>
  <//>`;
}
