// With what an empty service is filled, by whoever looks at it.

/** @typedef {{command: string, what: string, arrived?: "session" | "pattern"}} Step */

const HERE = /^(localhost|.*\.localhost|127\.[\d.]+|\[::1\])$/;

/** On the machine of the service all commands reach its graph. Elsewhere only those that send do, with a token where one is wanted.
 * @param {{access: string}} session who looks @param {URL} address of the service @param {boolean} writes whether they may send events
 * @returns {Step[]} */
export function stepsFor({ access }, address, writes) {
  if (access === "open" && HERE.test(address.hostname))
    return [
      { command: "loopgraph import claude-code", what: "or codex, gemini, opencode: sessions of the past" },
      { command: "loopgraph hooks install", what: "from now on, as it happens", arrived: "session" },
      { command: "loopgraph patterns scan ~/src/project", what: "your skills, commands and subagents, with their history", arrived: "pattern" },
    ];
  if (!writes) return [];
  const base = new URL(".", address).href.replace(/\/$/, "");
  const token = access === "open" ? "" : " LOOPGRAPH_TOKEN=…";
  return [
    { command: `export LOOPGRAPH_URL=${base}${token}`, what: token ? "with the token that you sign in with, in the profile of your shell" : "in the profile of your shell" },
    { command: `loopgraph hooks install --url $LOOPGRAPH_URL${token && " --token-env LOOPGRAPH_TOKEN"}`, what: "what your agents do from now on; with --otel their telemetry, too", arrived: "session" },
  ];
}
