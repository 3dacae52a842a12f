/* Mortal workers: those of a queue that is opened in this worker afterwards, each of which can be
 * terminated alone, without a word to anybody. Used by owner.ts.
 */

/** Which of them. */
export type Part = "queue" | "journal";

const BROKER = "/src/browser/browser-broker.js";
const MORTAL = "/test/browser/suites/mortal-broker.js";
const channel = `?${crypto.randomUUID()}`;
const started: Worker[] = [];

globalThis.Worker = class extends Worker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(String(url).replace(BROKER, MORTAL + channel), options);
    started.push(this);
  }
};

/** Terminates one; that of the queue has the journal's with it. */
export function terminate(part: Part): void {
  if (part === "journal") new BroadcastChannel(channel).postMessage("end");
  else for (const worker of started) worker.terminate();
}
