// The smallest components: a status, a time, a figure.
import { ago, hourAgo, moment, words } from "../lib/format.js";
import { html } from "../lib/html.js";
import { toneOf } from "../lib/status.js";

/** @param {{of: string | null}} props */
export const Status = ({ of }) => html`<span class=${`status ${toneOf(of)}`}>${words(of) || "unknown"}</span>`;

/** @param {{of: string | null}} props */
export const When = ({ of }) => (of ? html`<time datetime=${of} title=${moment(of)}>${ago(of)}</time>` : html`<span class="quiet">–</span>`);

/** What is counted by the hour is known to have been within one, not at an instant.
 * @param {{of: string | null}} props the begin of the hour */
export const Hour = ({ of }) => (of ? html`<time datetime=${of} title=${`within the hour from ${moment(of)}`}>${hourAgo(of)}</time>` : html`<span class="quiet">–</span>`);

/** One figure with what it is, and what else is known of it.
 * @param {{label: string, value: any, note?: any, href?: string, tone?: string}} props */
export function Figure({ label, value, note, href, tone = "" }) {
  const content = html`<span class="label">${label}</span><span class="value">${value}</span>${note && html`<span class="note">${note}</span>`}`;
  return href ? html`<a class=${`figure ${tone}`} href=${href}>${content}</a>` : html`<div class=${`figure ${tone}`}>${content}</div>`;
}

/** A heading with what can be done beside it.
 * @param {{title: any, children?: any, up?: {href: string, title: string}}} props */
export const Head = ({ title, children, up }) => html`<div class="head">
  ${up && html`<a class="up" href=${up.href}>← ${up.title}</a>`}
  <h1>${title}</h1>
  <div class="actions">${children}</div>
</div>`;

/** @param {{title: string, children: any, note?: any}} props */
export const Panel = ({ title, children, note }) => html`<section class="panel" aria-label=${title}>
  <h2>${title}${note && html` <span class="quiet">${note}</span>`}</h2>
  ${children}
</section>`;

/** A button that brings the next page of a list, where there is one.
 * @param {{pages: any}} props */
export const More = ({ pages }) =>
  pages.more &&
  html`<p class="more"><button type="button" onClick=${pages.more} disabled=${pages.loading}>${pages.loading ? "Loading …" : "More"}</button></p>`;
