/* SafePositions: up to where each shard's stream is safe, for each class of what replies wait for.
 *
 * What the level promises is published by whoever makes it so: by those who commit, or by the
 * replicator where a copy is waited for. What has been written and synced here stands in the
 * progress of each stream, so what waits for this machine alone never waits for another. Used by
 * host-journal.ts.
 */
import { SYNCED as SYNCED_HERE, WRITTEN as WRITTEN_HERE } from "../journal/journal-shard.ts";
import { SYNCED, WRITTEN } from "../session/heard.ts";

/**
 * The safe position at the gate's index. `promised` has it of a shard as the level promises,
 * `progress` has the shards' progress.
 */
export function safePositionOf(
  promised: (shard: number) => number,
  progress: readonly Float64Array[],
): (at: number) => number {
  const shards = progress.length;
  return (at) => {
    const kind = Math.floor(at / shards);
    const shard = at % shards;
    if (kind === WRITTEN) return progress[shard]?.[WRITTEN_HERE] ?? 0;
    if (kind === SYNCED) return progress[shard]?.[SYNCED_HERE] ?? 0;
    return promised(shard);
  };
}
