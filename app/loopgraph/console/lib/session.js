// Who is signed in, and what they may do. The browser keeps the session; no script can read it.
import { API, ApiError, UNAUTHENTICATED, ask } from "./api.js";
import { useEffect, useState } from "./html.js";

/** @typedef {{access: string, signed_in: boolean, name: string | null, roles: string[], projects: string[], actions: string[], expires_at: string | null, problem: string | null, issuer: string | null}} Session */

const SESSION = new URL("api/session", API);

/** Where a browser signs in by an identity provider. */
export const PROVIDER = new URL("api/session/oidc", API);

/** What sums over everybody's work ask for. */
export const FIGURES = "see figures of everybody";

/** What hooks and telemetry do. */
export const WRITE = "write events";

/** Where nobody is told apart, or that cannot be asked: pages say themselves what is wrong then. @type {Session} */
const OPEN = { access: "open", signed_in: false, name: null, roles: [], projects: [], actions: [], expires_at: null, problem: null, issuer: null };

/** @type {Session | null} */
let current = null;
/** @type {Set<(session: Session | null) => void>} */
const followers = new Set();

/** @param {Session} session */
function tell(session) {
  if (session.name !== current?.name) ask(); // what somebody else has asked for is not for who is here now
  current = session;
  for (const follower of followers) follower(session);
}

/** Asks who is signed in. */
export async function askWho() {
  if (API.origin !== location.origin) return tell(OPEN); // a session is of the service's own page
  try {
    const answer = await fetch(SESSION, { headers: { accept: "application/json" } });
    tell(answer.ok ? await answer.json() : (current ?? OPEN));
  } catch {
    tell(current ?? OPEN);
  }
}

/** Signs in by a token. Throws ApiError. @param {string} token */
export async function signIn(token) {
  const answer = await fetch(SESSION, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ token }) }).catch(() => {
    throw new ApiError("The service does not answer. Is it running?", { code: "UNREACHABLE" });
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(told.error?.message ?? `The service answered ${answer.status}`, { code: told.error?.code, status: answer.status });
  tell(told);
}

/** Signs out, here and at the service. Throws ApiError. */
export async function signOut() {
  const answer = await fetch(SESSION, { method: "DELETE" }).catch(() => null);
  if (!answer?.ok) throw new ApiError("You are still signed in: the service does not answer", { code: "UNREACHABLE" });
  await askWho();
}

/** Who is signed in, as it changes; null until it is known. */
export function useSession() {
  const [session, set] = useState(current);
  useEffect(() => {
    followers.add(set);
    set(current);
    return () => void followers.delete(set);
  }, []);
  return session;
}

/** Whether who is signed in may do something. @param {string} action */
export const may = (action) => current === null || current.access === "open" || current.actions.includes(action);

/** Whether somebody has to sign in first. @param {Session} session */
export const isShut = (session) => session.access !== "open" && !session.signed_in;

/** Whether it is known who asks, and nobody has to sign in first. */
export const isIn = () => current !== null && !isShut(current);

addEventListener(UNAUTHENTICATED, () => {
  if (current?.signed_in) askWho(); // it has ended meanwhile
});
