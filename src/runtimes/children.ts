/* Children: threads and processes that run handlers of jobs, on Node, and on Deno and Bun, which
 * offer node:* too.
 *
 * Invariants: whoever listens hears of the end once; what is asked of one that is gone is dropped.
 * The last lines that a process wrote to standard error stand in how it ended, and go on to that of
 * this process. Handed to workers by src/entries/.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { setTimeout } from "node:timers";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { FromChild } from "../worker/child-messages.ts";
import type { Child, ChildEnd, ChildListener, Isolation } from "../worker/isolation.ts";
import { entryOf } from "./worker.ts";

/** How much of what a process wrote last is told. */
const SAID_CHARACTERS = 2000;
/** How long is waited for what an ended process wrote last. */
const LAST_WORDS_MILLIS = 500;

/** Starts a thread or a process. */
export function startChild(isolation: Isolation, listener: ChildListener): Child {
  return isolation.isolate === "thread"
    ? startThread(isolation, listener)
    : startProcess(isolation, listener);
}

/** Tells of the end, once. */
class Ending {
  readonly over: Promise<void>;
  readonly #resolve: () => void;
  readonly #listener: ChildListener;
  #isTold = false;

  constructor(listener: ChildListener) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#resolve = resolve;
    this.#listener = listener;
  }

  tell(end: ChildEnd): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#listener.gone(end);
    this.#resolve();
  }
}

function startThread({ heapMegabytes }: Isolation, listener: ChildListener): Child {
  const ending = new Ending(listener);
  const worker = new Worker(entryOf("handler-thread"), {
    resourceLimits: heapMegabytes === undefined ? {} : { maxOldGenerationSizeMb: heapMegabytes },
  });
  let error: unknown;
  worker.on("message", (message: FromChild) => listener.heard(message));
  worker.on("error", (thrown) => {
    error ??= thrown;
  });
  worker.on("exit", (code) => ending.tell({ how: `exit code ${code}`, error }));
  return {
    post: (message) => worker.postMessage(message),
    async end() {
      await worker.terminate();
      ending.tell({ how: "terminated", error }); // where its exit is not told
    },
  };
}

function startProcess({ heapMegabytes }: Isolation, listener: ChildListener): Child {
  const ending = new Ending(listener);
  const heap = heapMegabytes === undefined ? [] : [`--max-old-space-size=${heapMegabytes}`];
  const child = fork(fileURLToPath(entryOf("handler-process")), [], {
    serialization: "advanced",
    stdio: ["ignore", "inherit", "pipe", "ipc"],
    execArgv: [...process.execArgv, ...heap],
  });
  const said = lastWords(child);
  child.on("message", (message) => listener.heard(message as FromChild));
  child.on("error", (error) => {
    if (child.pid === undefined) ending.tell({ how: "it could not be started", error });
  });
  child.on("exit", (code, signal) => {
    const how = signal === null ? `exit code ${code}` : signal;
    void closed(child).then(() => ending.tell({ how: `${how}${said()}` }));
  });
  return {
    post(message) {
      if (child.connected) child.send(message, () => undefined); // its end says what went wrong
    },
    async end() {
      child.kill("SIGKILL");
      await ending.over;
    },
  };
}

/** Resolves when all that it wrote was read, unless somebody else holds its standard error open. */
async function closed(child: ChildProcess): Promise<void> {
  const waited = new Promise<void>((resolve) => {
    setTimeout(resolve, LAST_WORDS_MILLIS).unref();
  });
  await Promise.race([once(child, "close"), waited]);
}

function lastWords(child: ChildProcess): () => string {
  let said = "";
  child.stderr?.setEncoding("utf8");
  child.stderr?.on("data", (text: string) => {
    process.stderr.write(text);
    said = `${said}${text}`.slice(-SAID_CHARACTERS);
  });
  return () => (said === "" ? "" : `; it wrote: ${said.trim()}`);
}
