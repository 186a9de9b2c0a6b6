// Places the versions of maps, so that the page never waits for it.
import { around } from "./around.js";
import { layout } from "./layout.js";

addEventListener("message", ({ data: { ticket, drawn } }) => {
  try {
    postMessage({ ticket, places: "round" in drawn ? around(drawn) : layout(drawn) });
  } catch (error) {
    postMessage({ ticket, error: String(error) });
  }
});
