// Another text for a pattern, and a run that tests it.
import { go, href, segment } from "../lib/address.js";
import { html, useState } from "../lib/html.js";
import { Action } from "./action.js";
import { Diff } from "./diff.js";

/** @param {{pattern: any, version: any}} props `version` is the one in use */
export function Propose({ pattern, version }) {
  const [text, write] = useState(version.templateCode);
  const [why, tell] = useState("");
  const [proposed, set] = useState(false);
  const [units, need] = useState(30);
  return html`<div class="doing">
    <${Action}
      title="Propose another text"
      operation="propose"
      does="It becomes a version of its own, which nobody is given until a run tests it or a person approves it."
      input=${() => (text === version.templateCode ? "The text is the one that is in use." : { patternId: pattern.patternId, baseNodeId: version.nodeId, templateCode: text, description: why })}
      done=${() => set(true)}
    >
      <label class="tall">The new text<textarea rows="12" value=${text} onInput=${(/** @type {any} */ event) => write(event.target.value)}></textarea></label>
      <${Diff} before=${version.templateCode} after=${text} label="What you changed" />
      <label>What should become better <input value=${why} onInput=${(/** @type {any} */ event) => tell(event.target.value)} /></label>
    <//>
    <${Action}
      key=${proposed}
      open=${proposed}
      title="Start a run"
      operation="run_loop"
      does="What was proposed is compared with what is in use, unit by unit. Whoever asks for the pattern is given one of the two; a candidate that proves better is put into use."
      input=${() => ({ patternId: pattern.patternId, minSampleSize: Number(units) })}
      done=${(/** @type {any} */ result) => go(href(`/runs/${segment(result.run.runId)}`))}
    >
      <label>Units that each arm needs <input type="number" min="2" value=${units} onInput=${(/** @type {any} */ event) => need(event.target.value)} /></label>
    <//>
  </div>`;
}
