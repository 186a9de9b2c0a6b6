import { href, segment } from "../lib/address.js";
import { short, tail } from "../lib/format.js";
import { html } from "../lib/html.js";
import { usePages } from "../lib/use.js";
import { Head, More, When } from "../parts/small.js";
import { Empty, Shown } from "../parts/states.js";
import { Table } from "../parts/table.js";

const COLUMNS = [
  { title: "Session", cell: (/** @type {any} */ session) => html`${short(session.cwd?.split("/").pop(), 40) || "Session"} <span class="quiet">${tail(session.sessionId, 9)}</span>`, wide: true },
  { title: "Client", cell: (/** @type {any} */ session) => session.client ?? "–" },
  { title: "Model", cell: (/** @type {any} */ session) => session.model ?? "–" },
  { title: "Folder", cell: (/** @type {any} */ session) => html`<span class="path">${session.cwd ?? "–"}</span>` },
  { title: "Began", cell: (/** @type {any} */ session) => html`<${When} of=${session.startedAt} />` },
  { title: "Ended", cell: (/** @type {any} */ session) => html`<${When} of=${session.endedAt} />` },
];

export default function Sessions() {
  const pages = usePages("sessions", { first: 50 }, (data) => data.sessions);
  return html`
    <${Head} title="Sessions" />
    <${Shown} asked=${pages}>
      ${() =>
        pages.nodes.length
          ? html`<${Table}
                caption="Sessions, newest first"
                columns=${COLUMNS}
                rows=${pages.nodes}
                rowHref=${(/** @type {any} */ session) => href(`/sessions/${segment(session.sessionId)}`)}
              /><${More} pages=${pages} />`
          : html`<${Empty} title="There is no session yet." />`}
    <//>
  `;
}
