// Runs documents through a client whose cache is normalised, and compares what it reads with what the service has sent.
import { readFileSync } from "node:fs";
import { deepStrictEqual } from "node:assert";
import { print } from "graphql";
import { documents, withIds } from "./documents.mjs";

const { url, variables, records } = JSON.parse(readFileSync(0, "utf8"));
const sent = [];

export { url };

// Clients ask by this, so that the answers of the service are known word by word.
export async function recording(...request) {
  const response = await fetch(...request);
  sent.push(await response.clone().json());
  return response;
}

const headers = { "content-type": "application/json" };

const PATIENCE_MS = 120_000;

// The first event of a subscription: `subscribe(next, fail)` begins it and returns how to end it. Meanwhile steps and patterns are
// recorded again and again, because what was recorded before the service has read the subscription is not told.
export async function firstEvent(subscribe) {
  const timer = setInterval(() => records.forEach((record) => fetch(url, { method: "POST", headers, body: JSON.stringify(record) })), 250);
  let end, limit;
  try {
    const data = await new Promise((resolve, reject) => {
      limit = setTimeout(() => reject(new Error("nothing was told")), PATIENCE_MS);
      end = subscribe(resolve, reject);
    });
    return { data, sent: { data } };
  } finally {
    clearInterval(timer);
    clearTimeout(limit);
    end();
  }
}

function untyped(value) {
  if (Array.isArray(value)) return value.map(untyped);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== "__typename")
      .map(([name, item]) => [name, untyped(item)]),
  );
}

export async function compare(client, run) {
  let failed = 0;
  for (const { name, text } of documents) {
    try {
      if (!(name in variables)) throw new Error("has no variables");
      sent.length = 0;
      const read = await run(print(withIds(text)), variables[name]);
      const answer = sent.length ? sent.at(-1) : read.sent;
      if (answer.errors) throw new Error(JSON.stringify(answer.errors));
      deepStrictEqual(untyped(read.data), untyped(answer.data));
      if (Object.keys(untyped(answer.data)).length === 0) throw new Error("was answered with nothing");
    } catch (error) {
      failed += 1;
      console.error(client, name, error.message ?? error);
    }
  }
  console.log(`${client}: ${documents.length - failed} of ${documents.length} documents`);
  process.exit(failed ? 1 : 0);
}
