// A list of which only the rows that can be seen are in the page, however many there are.
import { useEffect, useLayoutEffect, useRef, useState } from "./html.js";

const AROUND = 12; // rows that are drawn before they are scrolled to

/** Which rows of a list are to be drawn: from `first` on, before `last`; the chosen one is scrolled to.
 * @param {number} count of all rows @param {number} height of one, in px, as in parts.css @param {number} chosen its place, -1 for none
 * @returns {{box: {current: HTMLDivElement | null}, first: number, last: number, page: number}} `box` is what scrolls, `page` how many
 * rows fit into it */
export function useVirtual(count, height, chosen) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [view, see] = useState({ top: 0, height: 600 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => see({ top: element.scrollTop, height: element.clientHeight });
    look();
    const resized = new ResizeObserver(look);
    resized.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  useEffect(() => {
    const element = box.current;
    if (!element || chosen < 0) return;
    if (chosen * height < element.scrollTop) element.scrollTop = chosen * height;
    else if ((chosen + 1) * height > element.scrollTop + element.clientHeight) element.scrollTop = (chosen + 1) * height - element.clientHeight;
  }, [chosen]);
  return {
    box,
    first: Math.max(0, Math.floor(view.top / height) - AROUND),
    last: Math.min(count, Math.ceil((view.top + view.height) / height) + AROUND),
    page: Math.max(1, Math.floor(view.height / height) - 1),
  };
}

/** Where a key leads in a list, as keyboards move in lists; null for another key.
 * @param {string} key @param {number} at -1 for nowhere yet @param {number} count @param {number} page */
export function moved(key, at, count, page) {
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[key];
  return step === undefined || !count ? null : Math.min(count - 1, Math.max(0, at < 0 ? 0 : at + step));
}
