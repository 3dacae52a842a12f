/* Surroundings: what a world lends those who act in it while a server runs. */
import type { Shard } from "../../src/engine/shard.ts";
import type { Journal } from "../../src/journal/journal.ts";
import type { JournalShard } from "../../src/journal/journal-shard.ts";
import type { Judge, Totals } from "./judge.ts";
import type { Ledger } from "./ledger.ts";
import type { Machine } from "./machine.ts";
import type { Observer } from "./observer.ts";
import type { WorldOptions } from "./world-options.ts";

/** The world of a server that runs. */
export interface Surroundings {
  readonly options: WorldOptions;
  readonly random: (below: number) => number;
  readonly ledger: Ledger;
  readonly totals: Totals;
  readonly judge: Judge;
  readonly machine: Machine;
  readonly journal: Pick<Journal, "isFull">;
  readonly journalShards: readonly JournalShard[];
  readonly observer: Observer;
  /** The engine's clock, in microseconds. */
  readonly now: number;
  readonly wall: number;
  /** Whether every ring has room for a command. */
  hasRoom(): boolean;
  /** Whether what a shard recorded up to there is as safe as the level promises. */
  isSafe(shard: Shard, lsn: number): boolean;
  /** Has the body of a job read back, if it is not in memory. */
  bring(shard: Shard, id: number): void;
  /** Comes back when there is. */
  makeRoom(): void;
  /** Somebody deletes a file elsewhere on the disk, and a while passes. */
  outwaitFullDisk(): void;
}
