// A plan beside the run that it was offered to: step by step, as the service has aligned the two.

/** @typedef {{name: string, program?: string | null, position: number}} Step */
/** @typedef {{kind: "SKIPPED" | "ADDED" | "REORDERED", name: string, position: number}} Deviation */
/** @typedef {{planned: string | null, did: "taken" | "elsewhere" | "skipped" | "added", name: string}} Row */

/** What a step is called. @param {Step} step */
export const stepName = (step) => (step.program ? `${step.name} (${step.program})` : step.name);

/** Each step of the plan with what the run did, and in their places the steps that it added.
 * @param {Step[]} steps @param {Deviation[]} deviations @returns {Row[]} */
export function beside(steps, deviations) {
  /** @type {(after: number) => Row[]} */
  const added = (after) =>
    deviations.filter(({ kind, position }) => kind === "ADDED" && position === after).map(({ name }) => ({ planned: null, did: "added", name }));
  return [
    ...added(-1),
    ...steps.flatMap((step, at) => {
      const name = stepName(step);
      const other = deviations.find(({ kind, position }) => kind !== "ADDED" && position === at);
      /** @type {Row["did"]} */
      const did = other ? (other.kind === "SKIPPED" ? "skipped" : "elsewhere") : "taken";
      return [{ planned: name, did, name }, ...added(at)];
    }),
  ];
}
