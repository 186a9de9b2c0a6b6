// What stands where there is nothing to show yet, nothing at all, or something that went wrong.
import { html } from "../lib/html.js";

/** @param {{label?: string}} props */
export const Waiting = ({ label = "Loading" }) => html`<p class="loading" role="status">${label} …</p>`;

/** @param {{error: any, retry?: () => void}} props */
export function Failure({ error, retry }) {
  return html`<div class="failure" role="alert">
    <p><strong>${error.message || String(error)}</strong></p>
    ${error.correlationId && html`<p class="quiet">The service's log has more under <code>${error.correlationId}</code>.</p>`}
    ${retry && html`<p><button type="button" onClick=${retry}>Try again</button></p>`}
  </div>`;
}

/** @param {{title: string, children?: any}} props */
export const Empty = ({ title, children }) => html`<div class="empty"><p><strong>${title}</strong></p>${children}</div>`;

/** What was asked: waiting, failed, or shown; what was shown stays while it is asked again, and when that fails.
 * @param {{asked: any, children: (data: any) => any, room?: any}} props `room` is what takes the place of it until it is there, so that
 * nothing moves then */
export function Shown({ asked, children, room }) {
  const { data, error, loading, reload } = asked;
  return html`
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${data ? html`<div class=${loading ? "asked again" : "asked"} aria-busy=${loading}>${children(data)}</div>` : !error && (room ? html`<div aria-busy="true">${room}<span class="hidden" role="status">Loading …</span></div>` : html`<${Waiting} />`)}
  `;
}
