/* Main: the entry of the dashboard's script; puts the app into the page. */
import { render } from "preact";
import { App } from "./app.tsx";
import { recallSamples } from "./live.ts";

recallSamples();
const place = document.querySelector("#app");
if (place === null) throw new Error("the page has no place for the app");
render(<App />, place);
