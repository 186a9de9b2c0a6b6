// Standard input: Mermaid. Prints how many nodes and edges Mermaid's own parser finds, and what it would show in each node.
import { text } from "node:stream/consumers";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");

const source = await text(process.stdin);
mermaid.initialize({ maxTextSize: source.length + 1, maxEdges: 100_000 });
const diagram = await mermaid.mermaidAPI.getDiagramFromText(source);
const data = diagram.db.getData();
const shown = window.document.createElement("div");
const decoded = (label) => {
  // what Mermaid draws: its entities are those of HTML once it is drawn
  const html = label.replaceAll("ﬂ°°", "&#").replaceAll("ﬂ°", "&").replaceAll("¶ß", ";");
  shown.innerHTML = html.replaceAll(/<br\s*\/?>/g, "\n");
  return shown.textContent;
};
const labels = data.nodes.map(({ label }) => decoded(label));
console.log(JSON.stringify({ nodes: data.nodes.length, edges: data.edges.length, labels }));
