/* Worker broker: what a broker needs of a browser's worker; what runtimes/node-broker.ts is on
 * Node.
 */
import type { BrokerRuntime, CommitterThread } from "../runtime.ts";
import type { CommitterSeed, CommitterSupervisor } from "../runtime.ts";
import { ModuleMissingError } from "../runtime.ts";
import { startWorker } from "./started-worker.ts";
import { workerLoop } from "./worker-loop.ts";

const GIB = 1_073_741_824;
/** A tab does not get all of a machine. */
const MEMORY_GIB_MAX = 4;
/** Where the browser does not say how much the machine has. */
const MEMORY_GIB = 2;

/** The compiled modules, each spelled out, so that whoever bundles a page finds them. */
const MODULES: Readonly<Record<string, URL>> = {
  engine: new URL("../../build/engine.wasm", import.meta.url),
  control: new URL("../../build/control.wasm", import.meta.url),
};

/** What a broker needs of this worker. */
export const workerBroker: BrokerRuntime = {
  ...workerLoop,
  memoryBytes: Math.min(memoryGib(), MEMORY_GIB_MAX) * GIB,
  readModule,
  startCommitter,
  keepAlive: () => () => undefined, // a worker lives until it is ended
};

/** A coarse number that a browser tells, or does not. */
function memoryGib(): number {
  const told = "deviceMemory" in navigator ? Number(navigator.deviceMemory) : 0;
  return told > 0 ? told : MEMORY_GIB;
}

async function readModule(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const url = MODULES[name];
  try {
    if (url === undefined) throw new RangeError(`there is no module ${name}`);
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ModuleMissingError(`${url?.href ?? name} cannot be read: ${why}`, { cause });
  }
}

/** A worker of this worker, which ends with it. */
function startCommitter(seed: CommitterSeed, supervisor: CommitterSupervisor): CommitterThread {
  // Bundlers follow it only if it is written like this, in one expression.
  const worker = new Worker(new URL("./browser-committer.js", import.meta.url), {
    type: "module",
    name: "homemaker journal",
  });
  return startWorker(worker, seed, [], supervisor);
}
