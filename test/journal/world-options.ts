/* World options: what stays the same through the crashes of a world, as its seed chooses it. */
import type { BodyOptions, DurabilityLevel } from "../../src/journal/journal-parts.ts";
import { NO_FAULTS } from "./simulated-disk.ts";
import type { Faults } from "./simulated-disk.ts";

/** What stays the same through the crashes of a world. */
export interface WorldOptions {
  readonly level: DurabilityLevel;
  readonly intervalMillis: number;
  readonly shards: number;
  readonly segmentBytes: number;
  readonly keepsReleases: boolean;
  /** Bodies that go to the journal in parts are put too, some longer than a ring and a segment. */
  readonly hasLongBodies: boolean;
  /** Failures come with messages; absent: they do. */
  readonly hasMessages?: boolean;
  /** Jobs are tagged with groups, some of which wait for others; absent: they are. */
  readonly hasGroups?: boolean;
  /** Bodies leave memory, as a journal's options say; absent: they stay. */
  readonly bodies?: BodyOptions;
  /** What replies wait for, ACK_*; absent: a sync. */
  readonly promises?: number;
  readonly faults: Faults;
}

/** Bytes of a segment. */
export const SEGMENT_BYTES = 131_072;
/** Shards that a server may have. */
export const SHARD_COUNTS = [1, 2, 4] as const;

/** Options and failures as a seed chooses them: swarm testing turns each kind on or off. */
export function optionsOf(random: (below: number) => number): WorldOptions {
  const odds = (of: number, rate: number): number => (random(of) === 0 ? rate : 0);
  const faults: Faults =
    random(2) === 0
      ? NO_FAULTS
      : {
          sync: odds(2, 40 + random(200)),
          dropsOnSync: random(2) === 0,
          write: odds(3, 60 + random(300)),
          shortWrite: odds(2, 3 + random(20)),
          read: odds(6, 100 + random(200)),
          shortRead: odds(3, 5),
          refusal: odds(3, 2 + random(60)),
          capacity: random(4) === 0 ? SEGMENT_BYTES * 5 + random(SEGMENT_BYTES * 8) : Infinity,
          copies: (["never", "untilSynced", "untilWhole"] as const)[random(3)] ?? "never",
        };
  const bodies =
    random(2) === 0 ? {} : { bodies: { keptBytes: random(4000), broughtBytes: random(4000) } };
  return {
    ...bodies,
    level: (["sync", "sync", "interval", "os"] as const)[random(4)] ?? "sync",
    intervalMillis: 10 + random(100),
    shards: SHARD_COUNTS[random(3)] ?? 2,
    segmentBytes: SEGMENT_BYTES,
    keepsReleases: random(2) === 0,
    hasLongBodies: random(2) === 0,
    faults,
  };
}
