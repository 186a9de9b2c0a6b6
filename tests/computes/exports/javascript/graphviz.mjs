// Standard input: DOT. Prints how many nodes and edges Graphviz draws, and the lines that it writes into each node.
import { text } from "node:stream/consumers";
import { instance } from "@viz-js/viz";
import { JSDOM } from "jsdom";

const viz = await instance();
const { output, errors, status } = viz.render(await text(process.stdin), { format: "svg" });
if (status !== "success") { // that fonts lack here is no fault
  console.error(errors);
  process.exit(1);
}
const { document } = new JSDOM(output, { contentType: "image/svg+xml" }).window;
const lines = (node) => [...node.querySelectorAll("text")].map(({ textContent }) => textContent).join("\n");
const labels = [...document.querySelectorAll("g.node")].map(lines);
console.log(JSON.stringify({ nodes: labels.length, edges: document.querySelectorAll("g.edge").length, labels }));
