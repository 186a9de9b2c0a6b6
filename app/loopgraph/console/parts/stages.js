// The stages of a run: when each began and ended, how long it took, how long somebody worked at it, and what came of it.
import { count, counted, duration, percent, words } from "../lib/format.js";
import { html } from "../lib/html.js";
import { Panel, When } from "./small.js";
import { Table } from "./table.js";

/** What a stage came to, where the run says it.
 * @type {Record<string, (run: any) => string>} */
const CAME = {
  COLLECT: (run) => counted(run.feedbackCollected, "execution"),
  ANALYZE: ({ analysis }) => (analysis?.successRate != null ? `${percent(analysis.successRate)} succeeded, median ${duration(analysis.baseline.p50Ms)}` : ""),
  GENERATE: (run) => `${count(run.improvementsIdentified)} identified`,
  VALIDATE: (run) => `${count(run.improvementsValidated)} found better`,
  APPLY: (run) => `${count(run.improvementsApplied)} applied by itself`,
  TRACK: ({ bestDecision }) => (bestDecision?.result?.performanceDelta == null ? "" : `best gain ${percent(bestDecision.result.performanceDelta)}`),
};

/** @param {any} one */
const hasBegun = (one) => !["PENDING", "SKIPPED"].includes(one.status);

/** @param {{run: any}} props */
export const Stages = ({ run }) => html`<${Panel} title="Stages">
  <${Table}
    caption="What each stage took, and came to"
    rows=${run.stages}
    rowClass=${(/** @type {any} */ one) => `stage ${one.status.toLowerCase()}`}
    columns=${[
      { title: "Stage", cell: (/** @type {any} */ one) => words(one.stage) },
      { title: "Is", cell: (/** @type {any} */ one) => words(one.status) },
      { title: "Began", cell: (/** @type {any} */ one) => html`<${When} of=${one.startedAt} />` },
      { title: "Ended", cell: (/** @type {any} */ one) => html`<${When} of=${one.completedAt} />` },
      { title: "Took, with waiting", cell: (/** @type {any} */ one) => duration(one.durationMs), number: true },
      { title: "Of it work", cell: (/** @type {any} */ one) => duration(one.workMs), number: true },
      { title: "Came of it", cell: (/** @type {any} */ one) => (hasBegun(one) ? CAME[one.stage]?.(run) : ""), wide: true },
    ]}
  />
  ${run.notes.length > 0 && html`<details><summary>How its proposals came about</summary><ul>${run.notes.map((/** @type {string} */ note) => html`<li>${note}</li>`)}</ul></details>`}
<//>`;
