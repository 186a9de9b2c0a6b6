// GraphQL over HTTP and server-sent events: the only door that the console uses.

/** Where the API is: beside the page, unless the service names another place. */
export const API = new URL(document.querySelector('meta[name="loopgraph-api"]')?.getAttribute("content") ?? "graphql", document.baseURI);

const LARGE = 200_000; // letters of an answer: they take some ms to read

/** @typedef {Record<string, unknown>} Variables */
/** @typedef {{operation: string, variables: Variables}} Question */

/** What went wrong, in words for people. `code` is the API's; `correlationId` finds it in the service's log. */
export class ApiError extends Error {
  /** @param {string} message @param {{code?: string, correlationId?: string | null, status?: number}} [more] */
  constructor(message, { code = "UNKNOWN", correlationId = null, status = 0 } = {}) {
    super(message);
    this.code = code;
    this.correlationId = correlationId;
    this.status = status;
  }
}

/** The event of a window that tells that nobody is signed in any more. */
export const UNAUTHENTICATED = "loopgraph:unauthenticated";

/** What an answer without data says is wrong. @param {any} parsed @param {number} status */
function refused(parsed, status) {
  if (status === 401) dispatchEvent(new Event(UNAUTHENTICATED));
  const message = parsed?.error?.message ?? parsed?.message ?? parsed?.detail ?? `The service answered ${status}`;
  return new ApiError(message, { code: parsed?.error?.code, status });
}

/** @type {Map<string, Promise<string>>} */
const documents = new Map();

/** The text of the operation document `graphql/operations/console/<name>.graphql`.
 * @param {string} name */
function document_(name) {
  let found = documents.get(name);
  if (!found) {
    found = fetch(new URL(`console/operations/${name}.graphql`, document.baseURI)).then(async (answer) => {
      if (!answer.ok) throw new ApiError(`There is no operation ${name}`, { status: answer.status });
      return answer.text();
    });
    found.catch(() => documents.delete(name)); // another try may do better
    documents.set(name, found);
  }
  return found;
}

/** Fetches the document of an operation that is going to be asked for. @param {string} name */
export const prepare = (name) => void document_(name).catch(() => {}); // who asks for it is told

/** @param {any} error */
function told(error) {
  const { code, correlationId } = error.extensions ?? {};
  const where = error.path ? ` (${error.path.join(".")})` : "";
  return new ApiError(`${error.message}${where}`, { code, correlationId });
}

/** What is asked already, for a page that is not there yet. @type {{key: string, answer: Promise<any>, aborted: AbortController, until: number} | null} */
let early = null;

/** Asks for what a page is going to ask for as soon as it is there; what was asked before for another page is given up.
 * @param {Question} [first] nothing where nothing is known yet of what it will ask
 * @param {number} [ms] how long its answer is good for a page that nobody is on the way to */
export function ask(first, ms = Infinity) {
  const key = first && keyOf(first.operation, first.variables);
  const until = performance.now() + ms;
  if (early?.key === key && performance.now() < (early?.until ?? 0)) {
    if (early && ms === Infinity) early.until = until;
    return;
  }
  early?.aborted.abort();
  early = null;
  if (!first || !key) return;
  const aborted = new AbortController();
  const answer = answered(first.operation, first.variables, aborted.signal);
  answer.catch(() => {}); // who takes it is told
  early = { key, answer, aborted, until };
}

/** @param {string} name @param {Variables} variables */
const keyOf = (name, variables) => JSON.stringify([name, variables]);

/** What an operation answers. Throws ApiError.
 * @param {string} name @param {Variables} [variables] @param {AbortSignal} [signal] @returns {Promise<any>} */
export function query(name, variables = {}, signal) {
  if (early?.key !== keyOf(name, variables)) return answered(name, variables, signal);
  const { answer, aborted, until } = early;
  early = null;
  if (performance.now() >= until) {
    aborted.abort();
    return answered(name, variables, signal);
  }
  signal?.addEventListener("abort", () => aborted.abort());
  return answer;
}

/** @param {string} name @param {Variables} variables @param {AbortSignal} [signal] @returns {Promise<any>} */
async function answered(name, variables, signal) {
  const body = JSON.stringify({ query: await document_(name), variables });
  const headers = { "content-type": "application/json", accept: "application/graphql-response+json, application/json" };
  let answer;
  try {
    answer = await fetch(API, { method: "POST", headers, body, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("The service does not answer. Is it running?", { code: "UNREACHABLE" });
  }
  const text = await answer.text();
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new ApiError(`The service answered ${answer.status} and no JSON`, { status: answer.status });
  }
  if (text.length > LARGE) {
    await new Promise((resume) => setTimeout(resume)); // what is made of it is a task of its own: the page moves in between
    signal?.throwIfAborted();
  }
  if (parsed.errors?.length) throw told(parsed.errors[0]);
  if (!parsed.data) throw refused(parsed, answer.status);
  return parsed.data;
}

/** What a mutation did. A mutation's one field answers its payload or an error that is expected; such an error is thrown.
 * @param {string} name @param {Variables} variables @returns {Promise<any>} */
export async function mutate(name, variables) {
  const [result] = Object.values(await query(name, variables));
  if (!result.__typename.endsWith("Payload")) {
    throw new ApiError(result.field ? `${result.field}: ${result.message}` : result.message, { code: result.__typename });
  }
  return result;
}

const FINAL = new Set(["INVALID_INPUT", "GRAPHQL_VALIDATION_FAILED", "FORBIDDEN", "UNAUTHENTICATED"]); // asking again changes nothing

/** Follows a subscription, and asks again whenever the connection was lost; items that have a `cursor` are gone on with after it.
 * @param {string} name @param {Variables} variables
 * @param {{next: (data: any) => void, state?: (connected: boolean, error?: ApiError) => void}} told_
 * @returns {() => void} what ends it */
export function subscribe(name, variables, { next, state = () => {} }) {
  const stopped = new AbortController();
  let after = /** @type {string | null} */ (null);
  let failures = 0;

  async function once() {
    const given = after === null ? variables : { ...variables, after };
    const body = JSON.stringify({ query: await document_(name), variables: given });
    const headers = { "content-type": "application/json", accept: "text/event-stream" };
    const answer = await fetch(API, { method: "POST", headers, body, signal: stopped.signal });
    if (!answer.ok || !answer.body) throw refused(await answer.json().catch(() => null), answer.status);
    state(true);
    for await (const { event, data } of events(answer.body)) {
      if (event !== "next" || !data) continue;
      const parsed = JSON.parse(data);
      if (parsed.errors?.length) throw told(parsed.errors[0]);
      failures = 0;
      const [item] = Object.values(parsed.data ?? {});
      if (item && typeof item === "object" && "cursor" in item) after = /** @type {any} */ (item).cursor;
      next(parsed.data);
    }
  }

  (async () => {
    while (!stopped.signal.aborted) {
      try {
        await once();
      } catch (error) {
        if (stopped.signal.aborted) return;
        const known = error instanceof ApiError ? error : new ApiError("The connection was lost", { code: "UNREACHABLE" });
        state(false, known);
        if (known.code === "UNAUTHENTICATED") dispatchEvent(new Event(UNAUTHENTICATED));
        if (FINAL.has(known.code)) return;
      }
      failures += 1;
      await new Promise((resume) => setTimeout(resume, Math.min(15_000, 250 * 2 ** failures)));
    }
  })();
  return () => stopped.abort();
}

/** The events of a stream.
 * @param {ReadableStream<Uint8Array>} stream */
async function* events(stream) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = { event: "message", data: "" };
      for (const line of block.split(/\r?\n/)) {
        if (line.startsWith("event:")) fields.event = line.slice(6).trim();
        else if (line.startsWith("data:")) fields.data += (fields.data && "\n") + line.slice(5).trimStart();
      }
      yield fields;
    }
  }
}
