// The worker that places versions: one for the page, started as soon as a map is asked for.

/** @typedef {{found: (places: import("./layout.js").Layout) => void, failed: (error: Error) => void}} Waiting */
/** @type {Map<number, Waiting>} */
const waiting = new Map();
/** @type {Worker | null} */
let worker = null;
let last = 0;

/** Starts the worker, if it was not: what is asked for meanwhile and the worker come together. */
export function ready() {
  if (worker) return worker;
  worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data: { ticket, places, error } }) => {
    const asked = waiting.get(ticket);
    waiting.delete(ticket);
    if (error) asked?.failed(new Error(error));
    else asked?.found(places);
  };
  worker.onerror = () => {
    worker = null; // another try may do better
    for (const { failed } of waiting.values()) failed(new Error("The worker that places versions did not start."));
    waiting.clear();
  };
  return worker;
}

/** @param {import("./graph.js").Graph} graph @returns {Promise<import("./layout.js").Layout>} */
export function placesOf(graph) {
  return new Promise((found, failed) => {
    const ticket = (last += 1);
    waiting.set(ticket, { found, failed });
    ready().postMessage({ ticket, drawn: { ...graph.drawn, ...graph.rounds } });
  });
}
