/* Overview: the figures of the whole server in one object, for GET /overview and the events.
 *
 * All of it was counted as it happened; making it takes one call for each shard. Used by events.ts and routes.ts.
 */
import * as C from "../../assembly/constants.ts";
import type { Options } from "../config/options.ts";
import { OP } from "../protocol/commands.ts";
import { COUNTER_ACCEPTED } from "../server/common.ts";
import {
  COUNTER_OPS,
  COUNTER_PRODUCERS,
  COUNTER_WAITING,
  COUNTER_WORKERS,
} from "../server/counters.ts";
import type { HttpSurroundings } from "../server/http-service.ts";
import * as B from "../server/journal-board.ts";
import type { SessionHost } from "../server/session-host.ts";
import type { JournalState, Overview, ShardLoad } from "./api.ts";

const MICROS = 1_000_000;

/** The overview as it is now. Throws a RangeError when commands do not run. */
export function overviewOf({ inProcess, options }: HttpSurroundings): Overview {
  return inProcess.look((host) => {
    const shards = host.shards.map((shard) => {
      shard.answer(shard.engine.statsShard(shard.thread, host.now));
      return Array.from({ length: C.SHARD_RECORDS_KEPT + 1 }, (_, index) =>
        shard.field(C.RESULT_STATS + index),
      );
    });
    const sum = (index: number): number =>
      shards.reduce((all, figures) => all + (figures[index] ?? 0), 0);
    const { common, facts } = host;
    return {
      now: Date.now(),
      version: facts.version,
      name: facts.hostname,
      id: facts.id,
      uptimeSeconds: Math.floor(host.now / MICROS),
      isDraining: common.draining,
      tubes: sum(C.SHARD_TUBES),
      jobs: jobsOf(sum),
      totals: totalsOf(host, sum),
      ageOldestReadySeconds: null,
      connections: connectionsOf(host),
      shards: shards.map(shardLoad),
      threads: [],
      journal: journalOf(host, options),
      queueMillis: null,
      processMillis: null,
    };
  });
}

function jobsOf(sum: (index: number) => number): Overview["jobs"] {
  return {
    ready: sum(C.SHARD_READY),
    reserved: sum(C.SHARD_RESERVED),
    delayed: sum(C.SHARD_DELAYED),
    buried: sum(C.SHARD_BURIED),
    urgent: sum(C.SHARD_URGENT),
  };
}

function totalsOf(host: SessionHost, sum: (index: number) => number): Overview["totals"] {
  const asked = (op: number, counted: number): number =>
    host.common.total(COUNTER_OPS + op) +
    host.shards.reduce((all, one) => all + one.commandCount(counted, host.common.threads), 0);
  return {
    put: sum(C.SHARD_TOTAL),
    reserved:
      asked(OP.RESERVE, C.COUNT_RESERVE) +
      asked(OP.RESERVE_WITH_TIMEOUT, C.COUNT_RESERVE_WITH_TIMEOUT),
    deleted: asked(OP.DELETE, C.COUNT_DELETE),
    released: asked(OP.RELEASE, C.COUNT_RELEASE),
    buried: asked(OP.BURY, C.COUNT_BURY),
    kicked: host.common.total(COUNTER_OPS + OP.KICK),
    timedOut: sum(C.SHARD_TIMEOUTS),
    failures: 0,
  };
}

function connectionsOf({ common }: SessionHost): Overview["connections"] {
  return {
    open: common.openConnections,
    producers: common.total(COUNTER_PRODUCERS),
    workers: common.total(COUNTER_WORKERS),
    waiting: common.total(COUNTER_WAITING),
    total: common.total(COUNTER_ACCEPTED),
  };
}

function shardLoad(figures: readonly number[], index: number): ShardLoad {
  return {
    index,
    usedBytes: figures[C.SHARD_USED_BYTES] ?? 0,
    takenBytes: figures[C.SHARD_TAKEN_BYTES] ?? 0,
    contended: figures[C.SHARD_CONTENDED] ?? 0,
  };
}

function journalOf({ common }: SessionHost, options: Options): JournalState | null {
  if (options.dataDirectory === undefined) return null;
  const board = common.journal;
  return {
    level: options.durability,
    segments: board.figure(B.FIGURE_SEGMENTS),
    bytes: board.figure(B.FIGURE_BYTES),
    liveBytes: board.figure(B.FIGURE_LIVE_BYTES),
    syncs: board.figure(B.FIGURE_SYNCS),
    lastSyncMillis: board.figure(B.FIGURE_LAST_SYNC_MILLIS),
    oldestUnsyncedMillis: board.figure(B.FIGURE_OLDEST_UNSYNCED_MILLIS),
    isFull: board.isFull,
  };
}
