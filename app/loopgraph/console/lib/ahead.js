// What a link leads to is asked for as soon as somebody rests on it: most clicks come a tenth of a second later, or more.
import { ask } from "./api.js";

const REST = 80; // ms: who only passes over a link asks for nothing
const GOOD = 3_000; // ms: a page follows what is changed only when it is there

/** @typedef {{load: () => Promise<unknown>, first?: import("./api.js").Question}} Ahead */

/** Watches the links to views of this page.
 * @param {(path: string) => Ahead | null} ahead what a view loads and asks for first; null if it is not known, or not to be asked for */
export function lookAhead(ahead) {
  let rested = /** @type {HTMLAnchorElement | null} */ (null);
  let timer = 0;

  /** @param {Event} event */
  function over(event) {
    const link = /** @type {Element} */ (event.target).closest?.("a[href^='#/']");
    if (link === rested) return;
    leave();
    if (!(link instanceof HTMLAnchorElement)) return;
    rested = link;
    timer = setTimeout(() => {
      const found = ahead(link.hash.slice(1).split("?")[0]);
      found?.load().catch(() => {}); // who goes there is told
      if (found?.first) ask(found.first, GOOD);
    }, REST);
  }

  /** What was asked for is given up, unless its page is on its way. */
  function leave() {
    clearTimeout(timer);
    if (rested && rested.hash !== location.hash) ask();
    rested = null;
  }

  for (const kind of ["pointerover", "focusin"]) addEventListener(kind, over, { passive: true });
  document.documentElement.addEventListener("pointerleave", leave);
}
