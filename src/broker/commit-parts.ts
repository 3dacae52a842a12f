/* Commit parts: what the committer, and each thread that leads, commit with: handles of their own
 * thread on what they share. Made by committer.ts and open-host.ts.
 */
import type { Shard } from "../engine/shard.ts";
import type { ShardMemories } from "../engine/shards.ts";
import type { CommitParts, JournalOptions } from "../journal/journal-parts.ts";
import { checksumThrough, JournalShard } from "../journal/journal-shard.ts";
import type { Storage } from "../storage.ts";
import { journalBoardOf } from "./boards.ts";
import type { Common } from "../engine/common.ts";

/** Where they come from. */
export interface CommitSurroundings {
  readonly common: Common;
  readonly memories: ShardMemories;
  /** The thread's handles on these memories. */
  readonly handles: readonly Shard[];
  readonly options: JournalOptions;
  readonly storage: Storage;
  /** Hears up to where streams are safe here, instead of those who wait for it. */
  readonly published?: (shard: number, position: number) => void;
}

/** What a thread commits with. */
export function commitPartsOf(around: CommitSurroundings): CommitParts {
  const { common, memories, handles, options, storage } = around;
  const board = journalBoardOf(common);
  const clock = common.clock();
  const shards = handles.map((shard, index) => {
    const memory = memories.memories[index];
    if (memory === undefined) throw new RangeError("a shard without a memory");
    return new JournalShard(shard, memory, memories.ringBytes, board.progressOf(index));
  });
  return {
    storage,
    shards,
    options,
    state: board.commitState,
    checksum: checksumThrough(shards),
    wallMicros: () => Date.now() * 1000,
    monotonicMillis: () => clock() / 1000,
    publish: around.published ?? ((shard, position) => board.publish(shard, position)),
    synced: (millis) => board.countSync(millis),
  };
}
