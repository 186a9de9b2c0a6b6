// What agents wrote and read, shown safely: it stays text, and only its form is guessed.
import { html, useMemo, useState } from "../lib/html.js";
import { plain } from "../lib/plain.js";

const LONG = 4_000; // characters that are shown at first

/** A value of a tool: text, or a map.
 * @param {{value: any, markdown?: boolean}} props */
export function Content({ value, markdown = false }) {
  const [whole, show] = useState(false);
  const text = useMemo(() => (typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value, null, 2)), [value]);
  if (!text) return html`<p class="quiet">Not kept, or empty.</p>`;
  const cut = !whole && text.length > LONG;
  const shown = cut ? text.slice(0, LONG) : text;
  return html`<div class="content" dir="auto">
    ${markdown ? html`<${Markdown} text=${shown} />` : html`<pre><${Ansi} text=${shown} /></pre>`}
    ${cut && html`<p><button type="button" onClick=${() => show(true)}>Show all of it (${text.length.toLocaleString("en")} characters)</button></p>`}
  </div>`;
}

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/** Text with the colours of a terminal; other control characters are shown as what they are.
 * @param {{text: string}} props */
export function Ansi({ text }) {
  const parts = [];
  let style = "";
  for (const part of text.split(/(\u001b\[[0-9;]*m)/)) {
    const codes = /^\u001b\[([0-9;]*)m$/.exec(part);
    if (!codes) {
      if (part) parts.push(style ? html`<span class=${style}>${part}</span>` : plain(part)); // a text alone is no markup's child
      continue;
    }
    for (const code of (codes[1] || "0").split(";").map(Number)) {
      if (code === 0 || code === 39) style = "";
      else if (code === 1) style = `${style} bold`.trim();
      else if (code >= 30 && code <= 37) style = `ansi-${COLOURS[code - 30]}`;
      else if (code >= 90 && code <= 97) style = `ansi-${COLOURS[code - 90]}`;
    }
  }
  return parts;
}

/** Headings, lists, quotes and code of Markdown; no links, no images, no markup of its own.
 * @param {{text: string}} props */
function Markdown({ text }) {
  const blocks = [];
  /** @type {string[]} */
  let paragraph = [];
  /** @type {string[] | null} */
  let code = null;
  const end = () => {
    if (paragraph.length) blocks.push(html`<p>${inline(paragraph.join("\n"))}</p>`);
    paragraph = [];
  };
  for (const line of text.split("\n")) {
    if (code) {
      if (line.startsWith("```")) {
        blocks.push(html`<pre>${code.join("\n")}</pre>`);
        code = null;
      } else code.push(line);
    } else if (line.startsWith("```")) {
      end();
      code = [];
    } else if (/^#{1,6} /.test(line)) {
      end();
      blocks.push(html`<p class="heading">${inline(line.replace(/^#+ /, ""))}</p>`);
    } else if (/^\s*([-*]|\d+\.) /.test(line)) {
      end();
      blocks.push(html`<p class="item">${inline(line.replace(/^(\s*)[-*] /, "$1• "))}</p>`);
    } else if (!line.trim()) end();
    else paragraph.push(line);
  }
  if (code) blocks.push(html`<pre>${code.join("\n")}</pre>`);
  end();
  return html`<div class="markdown">${blocks}</div>`;
}

/** @param {string} text */
function inline(text) {
  return text.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/).map((part) => {
    if (/^`.+`$/.test(part)) return html`<code>${part.slice(1, -1)}</code>`;
    if (/^\*\*.+\*\*$/.test(part)) return html`<strong>${part.slice(2, -2)}</strong>`;
    return part;
  });
}
