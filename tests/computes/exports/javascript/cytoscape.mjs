// Standard input: Cytoscape JSON. Prints how many nodes and edges cytoscape.js makes of it, and what the nodes are called.
import { text } from "node:stream/consumers";
import cytoscape from "cytoscape";

const told = JSON.parse(await text(process.stdin));
const graph = cytoscape({ headless: true, elements: told.elements });
const labels = graph.nodes().map((node) => node.data("name"));
console.log(JSON.stringify({ nodes: graph.nodes().length, edges: graph.edges().length, labels }));
