// Chains of agents as one graph: an agent stands behind all that hand work to it.

/** @typedef {{name: string, column: number, row: number}} Place */
/** @typedef {{from: string, to: string, count: number}} Link */

/** Each agent once, where it stands in the first of the chains that have it; links with how often work went that way. So the most
 * frequent chain is drawn from left to right, and what others do beside it may go back.
 * @param {{agents: string[], count: number}[]} chains @returns {{places: Place[], links: Link[], columns: number, rows: number}} */
export function graphOf(chains) {
  /** @type {Map<string, Link>} */
  const links = new Map();
  /** @type {Map<string, number>} */
  const columns = new Map();
  for (const { agents, count } of chains) {
    agents.forEach((agent, at) => {
      if (!columns.has(agent)) columns.set(agent, at);
      if (at === 0) return;
      const key = JSON.stringify([agents[at - 1], agent]);
      const link = links.get(key) ?? { from: agents[at - 1], to: agent, count: 0 };
      link.count += count;
      links.set(key, link);
    });
  }
  /** @type {number[]} */
  const filled = [];
  const places = [...columns].map(([name, column]) => {
    filled[column] = (filled[column] ?? 0) + 1;
    return { name, column, row: filled[column] - 1 };
  });
  return { places, links: [...links.values()], columns: filled.length, rows: Math.max(0, ...filled.map((n) => n ?? 0)) };
}
