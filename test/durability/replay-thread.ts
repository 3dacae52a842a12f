/*
 * Replay thread: an I/O thread's part of a recovery, in replay-board.test.ts. Says how many batches
 * it replayed.
 */
import { parentPort, workerData } from "node:worker_threads";
import { openShards } from "../../src/engine/shards.ts";
import type { ShardMemories } from "../../src/engine/shards.ts";
import { Common } from "../../src/engine/common.ts";
import { replayBoardOf } from "../../src/broker/boards.ts";

/** What such a thread is given. */
export interface ReplayThreadSeed {
  readonly common: SharedArrayBuffer;
  readonly memories: ShardMemories;
  readonly thread: number;
}

const { common, memories, thread } = workerData as ReplayThreadSeed;
const shards = openShards(memories, thread);
parentPort?.postMessage("ready");
parentPort?.postMessage(replayBoardOf(new Common(common)).help(shards));
