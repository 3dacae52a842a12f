/* JournalWorld: a world of sessions with a journal on a simulated disk, where bodies may leave
 * memory.
 *
 * What the committer's thread does happens when nothing else does: it commits, reclaims, reads
 * bodies back, and wakes every thread. Time stands still but for what the world's user lets pass.
 */
import { randomFrom } from "../engine/shuffle.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";
import { CommitState } from "../../src/journal/commit-state.ts";
import type { BodyOptions } from "../../src/journal/journal-parts.ts";
import { Journal } from "../../src/journal/journal.ts";
import { checksumThrough, JournalShard } from "../../src/journal/journal-shard.ts";
import { ReadBack } from "../../src/journal/read-back.ts";
import { recover } from "../../src/journal/recovery.ts";
import { openJournals, openShards, ringBytesFor } from "../../src/engine/shards.ts";
import { journalThat, World } from "./session-world.ts";
import type { WorldOptions } from "./session-world.ts";
import type { Storage } from "../../src/storage.ts";

/** Short, so that segments are reclaimed. */
const SEGMENT_BYTES = 1_048_576;

/** The journal of a world, and its world. */
export class JournalWorld {
  readonly world: World;
  readonly shards: readonly JournalShard[];
  /** The committer has no turn. */
  isStalled = false;
  readonly #journal: Journal;
  readonly #readBack: ReadBack;
  readonly #safe: number[] = [];

  /** Bodies leave memory as `bodies` says; without it they stay. */
  constructor(
    options: WorldOptions,
    bodies?: BodyOptions,
    storage: Storage = new SimulatedDisk(randomFrom(1)),
  ) {
    const { threads = 1, shards: count = 1 } = options;
    const ringBytes = ringBytesFor(threads + 1, count);
    this.world = new World({
      ...options,
      ringBytes,
      journal: journalThat({
        safePosition: (shard) => this.#safe[shard] ?? 0,
        held: () => undefined,
      }),
      idle: () => this.#work(),
    });
    const { memories } = this.world;
    openJournals(memories, { wallBaseMicros: 0, keepsReleases: false });
    this.shards = openShards(memories, threads).map((shard, at) => {
      const memory = memories.memories[at];
      if (memory === undefined) throw new RangeError("a shard without a memory");
      return new JournalShard(shard, memory, ringBytes);
    });
    const { shards } = this;
    const checksum = checksumThrough(shards);
    const found = recover({ storage, shards, checksum, now: 0, strict: true, progress: () => {} });
    this.#journal = new Journal({
      ...found,
      storage,
      shards,
      checksum,
      options: {
        level: "sync",
        intervalMillis: 50,
        segmentBytes: SEGMENT_BYTES,
        comingBytes: 0,
        ...(bodies && { bodies }),
      },
      state: new CommitState(),
      random: () => 7,
      wallMicros: () => this.world.nowMicros,
      monotonicMillis: () => this.world.nowMicros / 1000,
      publish: (shard, position) => void (this.#safe[shard] = position),
    });
    this.#readBack = new ReadBack({
      storage,
      shards,
      saltOf: (number) => this.#journal.saltOf(number),
      broughtBytes: bodies?.broughtBytes ?? Infinity,
    });
  }

  /** The committer's turn; false when it had nothing to do. */
  #work(): boolean {
    if (this.isStalled) return false;
    const hasRead = this.#readBack.step();
    const hasWritten = this.#journal.commit();
    if (hasRead || hasWritten) this.world.common.wakeThreads(2 ** this.world.hosts.length - 1, 0);
    return this.#journal.maintain() || hasRead || hasWritten;
  }
}
