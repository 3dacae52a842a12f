/* Handler process: the module of each process that runs handlers of jobs. Started by children.ts.
 *
 * It ends with the process that started it. Signals that a terminal or a service manager sends to
 * all of a group are that one's to heed: it has this one end when its job is done.
 */
import process from "node:process";
import { serveChild } from "../worker/child.ts";
import type { ChildPort } from "../worker/child.ts";
import type { ToChild } from "../worker/child-messages.ts";
import { serializeError } from "../worker/serialized-error.ts";

const EXIT_FAILED = 1;
const nothing = (): void => undefined;

const port: ChildPort = {
  post: (message) => void process.send?.(message, undefined, undefined, nothing),
  hear: (heard) => void process.on("message", (message) => heard(message as ToChild)),
  exit: () => process.exit(),
};

function die(error: unknown): void {
  const exit = (): never => process.exit(EXIT_FAILED);
  process.send?.({ kind: "uncaught", error: serializeError(error) }, undefined, undefined, exit);
}

process.on("uncaughtException", die);
process.on("unhandledRejection", die);
process.on("SIGINT", nothing);
process.on("SIGTERM", nothing);
process.on("disconnect", () => process.exit());
serveChild(port);
