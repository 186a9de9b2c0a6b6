// What changes something: it says beforehand what it does, and afterwards what became of it.
import { mutate } from "../lib/api.js";
import { html, useState } from "../lib/html.js";
import { Failure } from "./states.js";

/** A form that is opened by a button, and sends one mutation.
 * @param {{title: string, does: any, operation: string, input: () => Record<string, unknown> | string, done: (result: any) => void,
 *          children?: any, tone?: string, open?: boolean}} props `input` answers the mutation's input, or what is missing in words */
export function Action({ title, does, operation, input, done, children, tone = "", open: opened = false }) {
  const [open, show] = useState(opened);
  const [state, set] = useState({ busy: false, error: /** @type {any} */ (null) });
  if (!open) return html`<button type="button" class=${tone} onClick=${() => show(true)}>${title} …</button>`;
  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    const given = input();
    if (typeof given === "string") {
      set({ busy: false, error: new Error(given) });
      return;
    }
    set({ busy: true, error: null });
    try {
      const result = await mutate(operation, { input: given });
      show(false);
      set({ busy: false, error: null });
      done(result);
    } catch (error) {
      set({ busy: false, error });
    }
  }
  return html`<form class="action" aria-label=${title} onSubmit=${send}>
    <p>${does}</p>
    ${children} ${state.error && html`<${Failure} error=${state.error} />`}
    <p>
      <button type="submit" class=${`primary ${tone}`} disabled=${state.busy}>${state.busy ? "Working …" : title}</button>
      <button type="button" disabled=${state.busy} onClick=${() => show(false)}>Leave it</button>
    </p>
  </form>`;
}
