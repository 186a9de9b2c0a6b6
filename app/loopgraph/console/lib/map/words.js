// A version of a map in words: what is written beside it, and what is told of it.
import { counted, moment, short } from "../format.js";
import { EDGES, MARKS, kindOf } from "./look.js";

/** @param {import("./graph.js").Version} version */
export const named = ({ patternName, version }) => `${short(patternName, 60)} ${version}`;

/** @param {import("./graph.js").Graph} graph @param {number} node */
export function told(graph, node) {
  const version = graph.versions[node];
  const label = version.label ? ` (${short(version.label, 24)})` : "";
  const uses = counted(version.usageCount, "use");
  const edges = `${counted(graph.into[node].length, "edge")} in, ${graph.outOf[node].length} out`;
  return `${short(version.patternName, 60)}, ${version.patternType}, version ${version.version}${label}: ${MARKS[kindOf(version)].title}, ${uses}, made ${moment(version.createdAt)}, ${edges}`;
}

/** What a version came of, each with the kind of the edge. @param {import("./graph.js").Graph} graph @param {number} node */
export const cameOf = (graph, node) => graph.into[node].map((edge) => ({ how: EDGES[graph.types[edge]]?.title ?? graph.types[edge], version: graph.versions[graph.drawn.from[edge]] }));
