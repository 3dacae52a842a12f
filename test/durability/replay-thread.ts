/*
 * Replay thread: an I/O thread's part of a recovery, in replay-board.test.ts. Says when it has
 * replayed something, and in the end how many batches it was.
 */
import { parentPort, workerData } from "node:worker_threads";
import { openShards } from "../../src/engine/shards.ts";
import type { Shard } from "../../src/engine/shard.ts";
import type { ShardMemories } from "../../src/engine/shards.ts";
import { Common } from "../../src/engine/common.ts";
import { replayBoardOf } from "../../src/broker/boards.ts";

/** What such a thread is given. */
export interface ReplayThreadSeed {
  readonly common: SharedArrayBuffer;
  readonly memories: ShardMemories;
  readonly thread: number;
  /** One number, which counts up when a helper has replayed something. */
  readonly helped: Int32Array<SharedArrayBuffer>;
}

const { common, memories, thread, helped } = workerData as ReplayThreadSeed;
const shards = openShards(memories, thread).map(tellReplays);
parentPort?.postMessage("ready");
parentPort?.postMessage(replayBoardOf(new Common(common)).help(shards));

/** The same handle, that says when it has replayed. */
function tellReplays(shard: Shard): Shard {
  const inner = shard.replay.bind(shard);
  const replay: Shard["replay"] = (...of) => {
    const answer = inner(...of);
    Atomics.add(helped, 0, 1);
    Atomics.notify(helped, 0);
    return answer;
  };
  return Object.assign(shard, { replay });
}
