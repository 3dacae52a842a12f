/* Handler process: the module of each process that runs handlers of jobs. Started by children.ts.
 *
 * It ends with the process that started it, whatever its handler does then: a thread of its own
 * sees to that, since a handler that computes hears of nothing. Signals that a terminal or a
 * service manager sends to all of a group are that one's to heed: it has this one end when its job
 * is done.
 */
import process from "node:process";
import { Worker } from "node:worker_threads";
import { serveChild } from "../worker/child.ts";
import type { ChildPort } from "../worker/child.ts";
import { marked } from "../worker/child-messages.ts";
import type { ToChild } from "../worker/child-messages.ts";
import { serializeError } from "../worker/serialized-error.ts";
import type { HandlerWatchSeed } from "./handler-watch.ts";
import { entryOf } from "./worker.ts";

const EXIT_FAILED = 1;
const nothing = (): void => undefined;

const port: ChildPort = {
  post: (message) => void process.send?.(marked(message), undefined, undefined, nothing),
  hear: (heard) => void process.on("message", (message) => heard(message as ToChild)),
  exit: () => process.exit(),
};

function die(error: unknown): void {
  const exit = (): never => process.exit(EXIT_FAILED);
  const last = marked({ kind: "uncaught", error: serializeError(error) });
  process.send?.(last, undefined, undefined, exit);
}

process.on("uncaughtException", die);
process.on("unhandledRejection", die);
process.on("SIGINT", nothing);
process.on("SIGTERM", nothing);
process.on("disconnect", () => process.exit());
const parent: HandlerWatchSeed = { parentPid: process.ppid };
const watch = new Worker(entryOf("handler-watch"), { workerData: parent });
watch.unref();
// Where there can be no such thread it ends when its handler has.
watch.on("error", nothing);
serveChild(port);
