// What is around every page: the menu, and the choice of light or dark.
import { href } from "../lib/address.js";
import { html, useEffect, useState } from "../lib/html.js";
import { isShut } from "../lib/session.js";
import { PAGES } from "../pages/index.js";
import { SignedIn } from "./signin.js";

const THEMES = ["auto", "light", "dark"];

function useTheme() {
  const [theme, set] = useState(() => localStorage.getItem("loopgraph.theme") ?? "auto");
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("loopgraph.theme", theme);
  }, [theme]);
  return /** @type {[string, () => void]} */ ([theme, () => set(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length])]);
}

/** @param {{current: string, session: import("../lib/session.js").Session | null, children: any}} props */
export function Shell({ current, session, children }) {
  const [theme, next] = useTheme();
  useEffect(showOpen, [current, session]);
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header class="bar">
      <a class="brand" href=${href("/")}><img src="console/style/icon.svg" alt="" width="22" height="22" /> Loopgraph</a>
      <nav aria-label="Pages">
        ${PAGES.filter((page) => page.nav && !(session && isShut(session))).map(
          (page) => html`<a href=${href(page.path)} aria-current=${page.path === current ? "page" : null}>${page.title}</a>`,
        )}
      </nav>
      ${session?.signed_in && html`<${SignedIn} session=${session} />`}
      <button type="button" class="plain" onClick=${next} aria-label=${`Colours: ${theme}`} title="Colours">
        ${{ auto: "◐", light: "☀", dark: "☾" }[theme]}
      </button>
    </header>
    <main id="main" tabindex="-1">${children}</main>
  `;
}

/** On a narrow screen the menu scrolls: the page that is open is in sight. */
function showOpen() {
  const open = document.querySelector('.bar [aria-current="page"]');
  const menu = open?.parentElement;
  if (!open || !menu) return;
  const [inner, outer] = [open.getBoundingClientRect(), menu.getBoundingClientRect()];
  menu.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault(); // the address is the page's
  document.getElementById("main")?.focus();
}
