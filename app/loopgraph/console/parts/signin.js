// Signing in, who is signed in, and pages that somebody may not use.
import { html, useState } from "../lib/html.js";
import { PROVIDER, signIn, signOut } from "../lib/session.js";
import { go, href } from "../lib/address.js";
import { Head } from "./small.js";
import { Empty, Failure } from "./states.js";

/** Why the way over a provider led nowhere, by the code that the service tells. @type {Record<string, string>} */
const FAILED = {
  UNAUTHENTICATED: "The provider has not signed you in, or that took too long. Try again.",
  FORBIDDEN: "You are in no group that may use this service.",
  PROVIDER_UNAVAILABLE: "The provider does not answer now.",
  RATE_LIMITED: "Too many attempts came from your address. Try again in a minute.",
};
const KEPT = "loopgraph.wanted";

/** The view where nobody is signed in yet.
 * @param {{session: import("../lib/session.js").Session, failed: string | undefined}} props */
export function SignIn({ session, failed }) {
  const [token, set] = useState("");
  const [state, tell] = useState({ busy: false, error: /** @type {any} */ (null) });
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    tell({ busy: true, error: null });
    try {
      await signIn(token);
      if (failed) go(href("/"), { instead: true });
    } catch (error) {
      tell({ busy: false, error });
    }
  };
  const why = state.error ?? (failed ? new Error(FAILED[failed] ?? "You could not be signed in.") : session.problem ? new Error(session.problem) : null);
  return html`
    <${Head} title="Sign in" />
    ${why && html`<${Failure} error=${why} />`}
    <form class="signin" onSubmit=${submit}>
      <label>Token
        <input type="password" name="token" required autocomplete="off" spellcheck=${false} value=${token} onInput=${(/** @type {any} */ event) => set(event.target.value)} aria-describedby="signin-how" />
      </label>
      <button type="submit" disabled=${state.busy}>${state.busy ? "Signing in …" : "Sign in"}</button>
      <p class="quiet" id="signin-how">Somebody who runs the service makes one: <code>loopgraph tokens create NAME</code></p>
      ${session.issuer && html`<p><a class="button" href=${PROVIDER.href} onClick=${keepWanted}>Sign in with ${new URL(session.issuer).host}</a></p>`}
    </form>
  `;
}

/** What was looked for is gone to when the way over the provider leads back. */
function keepWanted() {
  sessionStorage.setItem(KEPT, location.hash.includes("failed=") ? "" : location.hash);
}

/** Goes to what was looked for before signing in. */
export function goToWanted() {
  const wanted = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (wanted && location.hash.replace(/^#\/?/, "") === "") go(wanted, { instead: true });
}

/** Who is signed in, and out.
 * @param {{session: import("../lib/session.js").Session}} props */
export function SignedIn({ session }) {
  const [error, tell] = useState(/** @type {any} */ (null));
  const out = () => signOut().catch(tell);
  return html`<span class="who" title=${session.projects.length ? `Projects: ${session.projects.join(", ")}` : "No project is shared with you"}>
    ${error && html`<span role="alert">${error.message}</span>`}
    <strong>${session.name}</strong> <span class="quiet">${session.roles.join(", ")}</span>
    <button type="button" class="plain" onClick=${out}>Sign out</button>
  </span>`;
}

/** In the place of a page that somebody may not use.
 * @param {{title: string, session: import("../lib/session.js").Session, needs: string}} props */
export const NotForYou = ({ title, session, needs }) => html`
  <${Head} title=${title} />
  <${Empty} title="This page is not for your role.">
    <p>It needs the permission to ${needs}, and ${session.name} is ${session.roles.join(", ") || "without a role"}. An operator has it.</p>
  <//>
`;
