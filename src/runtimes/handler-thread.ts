/* Handler thread: the module of each thread that runs handlers of jobs. Started by children.ts. */
import process from "node:process";
import { parentPort } from "node:worker_threads";
import { serveChild } from "../worker/child.ts";
import type { ChildPort } from "../worker/child.ts";
import { marked } from "../worker/child-messages.ts";
import type { ToChild } from "../worker/child-messages.ts";
import { serializeError } from "../worker/serialized-error.ts";

const EXIT_FAILED = 1;

const port: ChildPort = {
  post: (message) => parentPort?.postMessage(marked(message)),
  hear: (heard) => void parentPort?.on("message", (message: ToChild) => heard(message)),
  exit: () => process.exit(),
};

function die(error: unknown): void {
  port.post({ kind: "uncaught", error: serializeError(error) });
  process.exit(EXIT_FAILED);
}

process.on("uncaughtException", die);
process.on("unhandledRejection", die);
serveChild(port);
