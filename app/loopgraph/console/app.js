// Puts the shell and the page of the address together.
import { address, useAddress } from "./lib/address.js";
import { lookAhead } from "./lib/ahead.js";
import { ask, prepare } from "./lib/api.js";
import { html, render, useEffect, useLayoutEffect, useState } from "./lib/html.js";
import { askWho, isIn, isShut, may, useSession } from "./lib/session.js";
import { pageOf } from "./pages/index.js";
import { Boundary } from "./parts/boundary.js";
import { Shell } from "./parts/shell.js";
import { goToWanted, NotForYou, SignIn } from "./parts/signin.js";
import { Head } from "./parts/small.js";
import { Failure, Waiting } from "./parts/states.js";

function App() {
  const { path, params } = useAddress();
  const session = useSession();
  const found = pageOf(path);
  const [loaded, set] = useState(/** @type {{page: any, view?: any, error?: any} | null} */ (null));
  useLayoutEffect(() => {
    document.title = `${found?.page.title ?? "Not here"} · Loopgraph`;
    if (!found) return;
    const { page } = found;
    if (page.asks) prepare(page.asks(found.params).operation); // also before it is known who asks
    let current = true;
    page.load().then(
      (module) => current && set({ page, view: module.default }),
      (error) => current && set({ page, error }),
    );
    return () => {
      current = false;
    };
  }, [found?.page]);
  const early = found && session && !isShut(session) && loaded?.page !== found.page;
  useLayoutEffect(() => ask(early ? found.page.asks?.(found.params) : undefined), [found?.page, early]);
  useEffect(() => document.getElementById("main")?.focus({ preventScroll: true }), [found?.page]);

  let content;
  useEffect(() => {
    if (session?.signed_in) goToWanted();
  }, [session?.signed_in]);
  if (!session) content = html`<${Waiting} />`;
  else if (isShut(session)) content = html`<${SignIn} session=${session} failed=${params.failed} />`;
  else if (!found) content = html`<${Head} title="Not here" /><${Failure} error=${new Error(`There is no page ${path}`)} />`;
  else if (found.page.needs && !may(found.page.needs)) content = html`<${NotForYou} title=${found.page.title} session=${session} needs=${found.page.needs} />`;
  else if (loaded?.page !== found.page) content = html`<${Waiting} />`;
  else if (loaded.error) content = html`<${Head} title=${found.page.title} /><${Failure} error=${loaded.error} />`;
  else content = html`<${Boundary} key=${`${path} ${session.name}`}><${loaded.view} ...${found.params} /><//>`;
  return html`<${Shell} current=${found?.page.under ?? found?.page.path ?? ""} session=${session}>${content}<//>`;
}

lookAhead((path) => {
  const found = pageOf(path);
  if (!found?.page.asks || path === address().path || !isIn() || (found.page.needs && !may(found.page.needs))) return null;
  return { load: found.page.load, first: found.page.asks(found.params) };
});

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.textContent = "";
askWho();
render(html`<${App} />`, root);
