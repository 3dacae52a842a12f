/* Node broker: what a broker needs of Node, and of Deno and Bun, which offer node:* too; and the
 * broker that a program opens there. A part of the main thread's runtime (node.ts).
 */
import { readFile as readThen } from "node:fs";
import { totalmem } from "node:os";
import process from "node:process";
import { promisify } from "node:util";
import { MessageChannel } from "node:worker_threads";
import type { Broker } from "../broker/broker.ts";
import { openBroker as open } from "../broker/open-broker.ts";
import type { BrokerOptions } from "../broker/broker-options.ts";
import { ModuleMissingError } from "../runtime.ts";
import type { BrokerRuntime, CommitterThread } from "../runtime.ts";
import type { CommitterSeed, CommitterSupervisor } from "../runtime.ts";
import { isForbidden } from "../system-error.ts";
import { eventLoop } from "./event-loop.ts";
import { entryOf, startWorker } from "./worker.ts";

/** Not that of node:fs/promises, which takes a megabyte of memory. */
const readFile = promisify(readThen);
/** Where the compiled modules are: next to src/, in the repository as in the package. */
const BUILD = new URL("../../build/", import.meta.url);
/** What the journal's thread runs, and that of who keeps a copy of it. */
const COMMITTER_ENTRY = entryOf("node-committer");
const REPLICATOR_ENTRY = entryOf("node-replicator");
/** The longest that a timer can be set for. */
const FOREVER_MS = 2_147_483_647;
const STANDARD_ERROR = 2;

/** What a broker needs of this process, which stays as it is. */
export const brokerRuntime: BrokerRuntime = {
  ...eventLoop,
  memoryBytes: memoryBytes(),
  readModule,
  startCommitter: (seed, supervisor) => startCommitter(seed, supervisor, STANDARD_ERROR),
  keepAlive() {
    const handle = setInterval(() => undefined, FOREVER_MS);
    return () => clearInterval(handle);
  },
};

/** Opens a broker in this process (broker/open-broker.ts). */
export function openBroker(options: BrokerOptions = {}): Promise<Broker> {
  return open(options, brokerRuntime);
}

function memoryBytes(): number {
  const confined = process.constrainedMemory();
  return confined > 0 ? Math.min(confined, totalmem()) : totalmem();
}

async function readModule(name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(new URL(`${name}.wasm`, BUILD)));
  } catch (cause) {
    if (isForbidden(cause)) throw cause;
    throw new ModuleMissingError(`build/${name}.wasm cannot be read; npm run build makes it`, {
      cause,
    });
  }
}

/** Starts the journal's thread; `errorFd` is where its last words go, if it has any. */
export function startCommitter(
  seed: CommitterSeed,
  supervisor: CommitterSupervisor,
  errorFd: number,
): CommitterThread {
  const heard = (report: unknown): void => supervisor.heard(report);
  const failed = (why: string): void => supervisor.died(why);
  if (seed.copy === undefined) {
    const { worker, end } = startWorker(COMMITTER_ENTRY, { ...seed, errorFd }, heard, failed);
    worker.unref();
    return { end };
  }
  const { port1, port2 } = new MessageChannel();
  const data = { ...seed, errorFd };
  const ends = [
    startWorker(COMMITTER_ENTRY, { ...data, port: port1 }, heard, failed, {}, [port1]),
    startWorker(REPLICATOR_ENTRY, { ...data, port: port2 }, heard, failed, {}, [port2]),
  ];
  for (const { worker } of ends) worker.unref();
  return {
    async end(): Promise<void> {
      await Promise.all(ends.map((one) => one.end()));
    },
  };
}
