/* Embedded target: what a user says about a queue of his own program, in memory or in a directory.
 * Used by embedded-backend.ts, and by browser/page-queue.ts.
 */
import type { BrokerOptions } from "../broker/broker-options.ts";
import { BadOptionError } from "../worker/errors.ts";

/** What may be said about the engine: options of the server, by their names in the code. */
export type EngineOptions = Omit<BrokerOptions, "dataDirectory" | "onBroken">;

/** A queue that is gone with the process. */
export interface MemoryTarget extends EngineOptions {
  readonly memory: true;
}

/** A queue in a directory, which only one process has open at a time. */
export interface DirectoryTarget extends EngineOptions {
  readonly directory: string;
}

/** A queue in this process. */
export type EmbeddedTarget = MemoryTarget | DirectoryTarget;

/** A path that is not known must not become a queue in memory. Throws a BadOptionError. */
export function checkEmbeddedTarget(target: object): void {
  const { memory, directory } = target as Readonly<Record<string, unknown>>;
  if ("memory" in target && "directory" in target) {
    throw new BadOptionError("a queue is in memory or in a directory, not in both");
  }
  if ("directory" in target) {
    if (typeof directory === "string" && directory !== "") return;
    throw new BadOptionError(`directory: ${String(directory)} is no path`);
  }
  if (memory !== true) throw new BadOptionError("memory: it is true, or there is a directory");
}

/** What that says to the broker. */
export function brokerOptionsOf(target: EmbeddedTarget): BrokerOptions {
  if ("directory" in target) {
    const { directory, ...options } = target;
    return { ...options, dataDirectory: directory };
  }
  const { memory: _, ...options } = target;
  return options;
}
