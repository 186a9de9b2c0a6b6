// What a status means for those who look: of every thing that has one, the same word has the same colour.

/** @type {Record<string, string[]>} */
const OF = {
  good: ["SUCCESS", "COMPLETED", "VALIDATED", "APPLIED", "ACCEPTED", "HELD"],
  bad: ["ERROR", "TIMEOUT", "FAILURE", "FAILED", "BREACHED", "REGRESSED", "RISK_HIGH"],
  warn: ["DENIED", "INTERRUPTED", "CANCELLED", "ROLLED_BACK", "OPEN", "AWAITING_REVIEW", "RISK_MEDIUM"],
  busy: ["IN_PROGRESS", "RUNNING", "WAITING", "TESTING", "WATCHING"],
};

const TONES = new Map(Object.entries(OF).flatMap(([tone, names]) => names.map((name) => [name, tone])));

/** The tone of a status: `good`, `bad`, `warn`, `busy`, or nothing. @param {string | null | undefined} status */
export const toneOf = (status) => TONES.get(status ?? "") ?? "";

/** What a watch says of something that it guards: what was open when it ended was not shown, and is open no more.
 * @param {{endedAt: string | null}} watch @param {{status: string}} guard */
export const statusOfGuard = (watch, guard) => (watch.endedAt && guard.status === "OPEN" ? "NOT_SHOWN" : guard.status);
