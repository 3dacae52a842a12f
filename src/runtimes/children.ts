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
import { unmarked } from "../worker/child-messages.ts";
import type { Child, ChildEnd, ChildListener, Isolation } from "../worker/isolation.ts";
import { codeOf } from "../system-error.ts";
import { entryOf } from "./worker.ts";

/** How much of what a process wrote last is told. */
const SAID_CHARACTERS = 2000;
/** How long is waited for what an ended process wrote last. */
const LAST_WORDS_MILLIS = 500;
/** The code of the error by which Node tells that a thread's heap grew too large. */
const OUT_OF_MEMORY = "ERR_WORKER_OUT_OF_MEMORY";
/** What V8 writes when that of a process did. */
const HEAP_WORDS = "heap out of memory";
const TOO_LARGE = "its heap grew too large";

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

function hear(posted: unknown, listener: ChildListener): void {
  const message = unmarked(posted);
  if (message !== undefined) listener.heard(message);
}

function startThread({ heapMegabytes }: Isolation, listener: ChildListener): Child {
  const ending = new Ending(listener);
  const worker = new Worker(entryOf("handler-thread"), {
    resourceLimits: heapMegabytes === undefined ? {} : { maxOldGenerationSizeMb: heapMegabytes },
  });
  let error: unknown;
  worker.on("message", (posted) => hear(posted, listener));
  worker.on("error", (thrown) => {
    error ??= thrown;
  });
  worker.on("exit", (code) => {
    const how = codeOf(error) === OUT_OF_MEMORY ? TOO_LARGE : `exit code ${code}`;
    ending.tell({ how, error });
  });
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
  child.on("message", (posted) => hear(posted, listener));
  child.on("error", (error) => {
    if (child.pid === undefined) ending.tell({ how: "it could not be started", error });
  });
  child.on("exit", (code, signal) => {
    const ended = signal === null ? `exit code ${code}` : signal;
    void closed(child).then(() => ending.tell({ how: said(ended) }));
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

/** How one ended, with what it wrote last. */
function lastWords(child: ChildProcess): (ended: string) => string {
  let said = "";
  let isHeapTold = false;
  child.stderr?.setEncoding("utf8");
  child.stderr?.on("data", (text: string) => {
    process.stderr.write(text);
    said += text;
    isHeapTold ||= said.includes(HEAP_WORDS); // stacks follow it, which may be long
    said = said.slice(-SAID_CHARACTERS);
  });
  return (ended) => {
    const how = isHeapTold ? `${TOO_LARGE}: ${ended}` : ended;
    return said === "" ? how : `${how}; it wrote: ${said.trim()}`;
  };
}
