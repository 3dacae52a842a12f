/* Bed places: where the queues of worker beds are: on an engine in this process. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineOptions, QueueTarget } from "../../src/entries/queue.ts";

export const WHERE = ["memory", "directory"] as const;
export type Where = (typeof WHERE)[number];

/** One of them. */
export interface Place {
  readonly target: QueueTarget;
  /** Removes what is left of it, when its queue is closed. */
  end(): Promise<void> | void;
}

/** A new one. */
export function placeOf(where: Where, options: EngineOptions): Promise<Place> {
  return Promise.resolve(where === "memory" ? inMemory(options) : inDirectory(options));
}

function inMemory(options: EngineOptions): Place {
  return { target: { memory: true, ...options }, end: () => undefined };
}

function inDirectory(options: EngineOptions): Place {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-worker-"));
  const quick = { durability: "os", segmentBytes: 1_048_576 } as const;
  return {
    target: { directory, ...quick, ...options },
    end: () => rmSync(directory, { recursive: true }),
  };
}
