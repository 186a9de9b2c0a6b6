import { href } from "../lib/address.js";
import { count, money, moment } from "../lib/format.js";
import { html } from "../lib/html.js";
import { usePages, useSubscription, useThrottle } from "../lib/use.js";
import { Figure, Head, More, Panel } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";
import { Traces } from "../parts/traces.js";

/** @param {{id: string}} props */
export default function Session({ id }) {
  const pages = usePages("session", { id, first: 50 }, (data) => data.session?.traces);
  useSubscription("follow_traces", { filter: { sessionId: id } }, useThrottle(pages.reload, 1_000));
  return html`
    <${Head} title="Session" up=${{ href: href("/sessions"), title: "Sessions" }} />
    <${Shown} asked=${pages}>
      ${(/** @type {any} */ { session }) =>
        session
          ? html`
              <p class="quiet path">${[session.cwd, session.client ? `${session.client} ${session.clientVersion ?? ""}`.trim() : "unknown client", session.sessionId].filter(Boolean).join(" · ")}</p>
              <div class="figures">
                <${Figure} label="Began" value=${moment(session.startedAt)} />
                <${Figure} label="Ended" value=${moment(session.endedAt)} note=${session.endReason} />
                <${Figure} label="Calls of models" value=${count(session.modelUsage.calls)} />
                <${Figure} label="Tokens in" value=${count(session.modelUsage.inputTokens)} note=${`${count(session.modelUsage.cacheReadTokens)} from a cache`} />
                <${Figure} label="Tokens out" value=${count(session.modelUsage.outputTokens)} />
                <${Figure} label="API-equivalent cost" value=${money(session.modelUsage.costUsd)} />
              </div>
              <${Panel} title="Traces" note="newest first">
                <${Traces} traces=${pages.nodes} caption="The traces of the session" />
                <${More} pages=${pages} />
              <//>
            `
          : html`<${Empty} title=${`There is no session ${id}.`} />`}
    <//>
  `;
}
