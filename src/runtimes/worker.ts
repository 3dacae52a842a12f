/* Worker: a thread of this process, in Node and in Deno and Bun, which offer node:* too. */
import { Worker, type ResourceLimits, type Transferable } from "node:worker_threads";
import { describe } from "./die.ts";

/** This file's own ending, and its neighbours': .ts from source, .js from the package. */
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf("."));

/** A thread that has started. */
export interface StartedWorker {
  readonly worker: Worker;
  /**
   * Ends it without another word. Resolves when it is gone, on Deno before that, where sockets that
   * it has open stay open; nobody hears that it failed.
   */
  readonly end: () => Promise<void>;
}

/** The module of this folder that a thread runs. */
export function entryOf(name: string): URL {
  return new URL(`./${name}${ENDING}`, import.meta.url);
}

/** Starts a thread. `failed` hears why, in one line, when it ends without having been told to. */
export function startWorker(
  entry: URL,
  seed: unknown,
  heard: (report: unknown) => void,
  failed: (why: string) => void,
  resourceLimits: ResourceLimits = {},
  transferList: Transferable[] = [],
): StartedWorker {
  const worker = new Worker(entry, { workerData: seed, resourceLimits, transferList });
  let isEnding = false;
  const died = (why: string): void => {
    if (isEnding) return;
    isEnding = true;
    failed(why);
  };
  worker.on("message", heard);
  worker.on("messageerror", (error) => died(describe(error)));
  worker.on("error", (error) => died(describe(error)));
  worker.on("exit", (code) => died(`it ended with code ${code}`));
  const end = async (): Promise<void> => {
    isEnding = true;
    await worker.terminate();
  };
  return { worker, end };
}
