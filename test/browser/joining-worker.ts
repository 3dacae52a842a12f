/* Joining worker: a worker of a page that uses the page's queue, as a user may write one. Started
 * by in-page.ts.
 */
import { defineJob, joinQueue, unchecked } from "../../src/entries/browser.ts";
import type { SharedQueue } from "../../src/entries/browser.ts";

const add = defineJob("add", {
  payload: unchecked<readonly number[]>(),
  result: unchecked<number>(),
});
const say = (said: unknown): void => {
  (globalThis as unknown as Pick<Worker, "postMessage">).postMessage(said);
};

async function use(shared: SharedQueue): Promise<void> {
  const queue = await joinQueue(shared);
  say(await queue.call(add, [40, 2]));
  let code = "";
  // The one that is on its way when the page closes the queue may have been done.
  while (code === "" || code === "HM_LOST") {
    code = await queue.call(add, [1]).then(
      () => "",
      (error: unknown) => (error as { readonly code: string }).code,
    );
  }
  say(code);
}

addEventListener("message", ({ data }: MessageEvent<SharedQueue>) => void use(data));
