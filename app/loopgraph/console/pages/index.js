// The pages of the console: one module and one entry each. A page exports a component as its default.
import { beginning } from "../lib/bars.js";
import { FIGURES, may } from "../lib/session.js";

/** @typedef {{path: string, title: string, load: () => Promise<{default: any}>, nav?: boolean, under?: string, needs?: string, asks?: (params: Record<string, string>) => import("../lib/api.js").Question}} Page */

/** `:name` in a path is a parameter of the page; those with `nav` are in the menu, the others show themselves `under` one of it.
 * What a page `needs` is an action; who may not do it is told so. What it `asks` for first is asked while its modules load.
 * @type {Page[]} */
export const PAGES = [
  { path: "/", title: "Start", load: () => import("./start.js"), asks: () => ({ operation: "start", variables: { figures: may(FIGURES) } }), nav: true },
  { path: "/sessions", title: "Sessions", load: () => import("./sessions.js"), nav: true },
  { path: "/sessions/:id", title: "Session", load: () => import("./session.js"), under: "/sessions" },
  { path: "/traces", title: "Traces", load: () => import("./traces.js"), nav: true },
  { path: "/traces/:id", title: "Trace", load: () => import("./trace.js"), asks: ({ id }) => beginning(id), under: "/traces" },
  { path: "/diff/:a/:b", title: "Two traces", load: () => import("./diff.js"), under: "/traces" },
  { path: "/patterns", title: "Patterns", load: () => import("./patterns.js"), nav: true },
  { path: "/patterns/:id", title: "Pattern", load: () => import("./pattern.js"), under: "/patterns" },
  { path: "/learned", title: "Learned plans", load: () => import("./learned.js"), under: "/patterns" },
  { path: "/learned/:id", title: "Learned plan", load: () => import("./plan.js"), under: "/patterns" },
  { path: "/doubles", title: "Duplicates", load: () => import("./doubles.js"), under: "/patterns" },
  { path: "/chains", title: "Chains of agents", load: () => import("./chains.js"), under: "/patterns" },
  { path: "/map", title: "Map", load: () => import("./map.js"), under: "/patterns" },
  { path: "/improve", title: "Improve", load: () => import("./improve.js"), nav: true },
  { path: "/design/:id", title: "Design", load: () => import("./design.js"), under: "/improve" },
  { path: "/applied", title: "What was applied", load: () => import("./applied.js"), under: "/improve" },
  { path: "/schedules", title: "Schedules", load: () => import("./schedules.js"), under: "/improve" },
  { path: "/runs/:id", title: "Run", load: () => import("./run.js"), under: "/improve" },
  { path: "/dashboard", title: "Dashboard", load: () => import("./dashboard.js"), nav: true, needs: FIGURES },
];

/** The page of a path, and its parameters.
 * @param {string} path @returns {{page: Page, params: Record<string, string>} | null} */
export function pageOf(path) {
  const parts = path.split("/");
  for (const page of PAGES) {
    const wanted = page.path.split("/");
    if (wanted.length !== parts.length) continue;
    /** @type {Record<string, string>} */
    const params = {};
    const fits = wanted.every((name, at) => {
      if (!name.startsWith(":")) return name === parts[at];
      try {
        params[name.slice(1)] = decodeURIComponent(parts[at]);
      } catch {
        return false;
      }
      return parts[at] !== "";
    });
    if (fits) return { page, params };
  }
  return null;
}
