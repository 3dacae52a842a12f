/* Mortal broker: the worker that has a queue (browser-broker.ts), which terminates the workers that
 * it has started, so that of the journal, when a channel says so, whose name is in this worker's
 * address: a browser that is short of memory may end any of them. Started by owner.ts.
 */
const started: Worker[] = [];

globalThis.Worker = class extends Worker {
  constructor(...given: ConstructorParameters<typeof Worker>) {
    super(...given);
    started.push(this);
  }
};

new BroadcastChannel(location.search).addEventListener("message", () => {
  for (const worker of started) worker.terminate();
});

await import("../../../src/browser/browser-broker.ts"); // which starts one
