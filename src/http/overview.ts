/* Overview: the figures of the whole server in one object, for GET /overview and the events.
 *
 * All of it was counted as it happened; making it takes two calls for each shard, and the survey of
 * tubes. Used by events.ts and routes.ts.
 */
import { MICROS } from "../clock.ts";
import * as C from "../../assembly/constants.ts";
import { formatListenAddress } from "../config/listen-address.ts";
import type { BoundAddress } from "../config/listen-address.ts";
import type { Options } from "../config/options.ts";
import { quantile, shardTimes, sumOf } from "../engine/times.ts";
import type { TimeHistogram } from "../engine/times.ts";
import { COUNTER_ACCEPTED, COUNTER_LAG_MILLIS } from "../engine/common.ts";
import { COUNTER_PRODUCERS, COUNTER_WAITING, COUNTER_WORKERS } from "../session/counters.ts";
import type { Leadership } from "../broker/leadership.ts";
import type { HttpSurroundings } from "../server/http-service.ts";
import type { Desk } from "../session/desk.ts";
import type {
  CopyState,
  JournalState,
  Overview,
  Quantiles,
  QueueAddress,
  ShardLoad,
} from "./api.ts";
import type { Tube } from "./api-tubes.ts";
import type { TubeSurvey } from "./tube-survey.ts";

/** Microseconds of a millisecond. */
const MILLI = 1000;

/**
 * The overview as it is now, the age of the oldest job as in the survey, unless what is asked for
 * names no tube. Rejects with a ClosedError when commands do not run.
 */
export async function overviewOf(
  around: HttpSurroundings,
  survey: TubeSurvey,
  isWhole: boolean,
): Promise<Overview> {
  return figuresOf(around, isWhole ? oldestReady(await survey.all()) : null);
}

/**
 * Only of tubes that can be worked on: in a paused tube, or one without a worker, a job waits for
 * nobody.
 */
function oldestReady(tubes: readonly Tube[]): Overview["oldestReady"] {
  let oldest: Overview["oldestReady"] = null;
  for (const { name, isUnwatched, pauseLeftSeconds, ageOldestReadySeconds } of tubes) {
    if (isUnwatched || pauseLeftSeconds > 0 || ageOldestReadySeconds === null) continue;
    if (ageOldestReadySeconds <= (oldest?.ageSeconds ?? -1)) continue;
    oldest = { tube: name, ageSeconds: ageOldestReadySeconds };
  }
  return oldest;
}

function figuresOf(
  { inProcess, options, addresses, leadership }: HttpSurroundings,
  oldest: Overview["oldestReady"],
): Overview {
  return inProcess.look((desk) => {
    const shards = desk.shards.map((shard) => {
      shard.statsShard(desk.now);
      return Array.from({ length: C.SHARD_KICKS + 1 }, (_, index) =>
        shard.field(C.RESULT_STATS + index),
      );
    });
    const sum = (index: number): number =>
      shards.reduce((all, figures) => all + (figures[index] ?? 0), 0);
    const times = desk.shards.map(shardTimes);
    const { common, facts } = desk;
    return {
      now: Date.now(),
      version: facts.version,
      name: facts.hostname,
      id: facts.id,
      addresses: addresses.map(shownAddress),
      uptimeSeconds: Math.floor(desk.now / MICROS),
      isDraining: common.draining,
      tubes: sum(C.SHARD_TUBES),
      jobs: jobsOf(sum),
      totals: totalsOf(sum),
      oldestReady: oldest,
      connections: connectionsOf(desk),
      shards: shards.map(shardLoad),
      threads: Array.from({ length: common.threads }, (_, index) => ({
        index,
        lagMillis: common.counters(index)[COUNTER_LAG_MILLIS] ?? 0,
      })),
      journal: journalOf(desk, options, leadership),
      queueMillis: quantilesOf(sumOf(times.map(({ queue }) => queue))),
      processMillis: quantilesOf(sumOf(times.map(({ process }) => process))),
    };
  });
}

/** Of a kind that no page knows there is nothing to say but its words. */
function shownAddress(address: BoundAddress): QueueAddress {
  const words = formatListenAddress(address);
  switch (address.kind) {
    case "tcp":
    case "unix":
      return address;
    default:
      return { kind: "other", words };
  }
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

function totalsOf(sum: (index: number) => number): Overview["totals"] {
  return {
    put: sum(C.SHARD_TOTAL),
    reserved: sum(C.SHARD_RESERVES),
    deleted: sum(C.SHARD_DELETES),
    released: sum(C.SHARD_RELEASES),
    buried: sum(C.SHARD_BURIES),
    kicked: sum(C.SHARD_KICKS),
    timedOut: sum(C.SHARD_TIMEOUTS),
    failures: sum(C.SHARD_FAILURES),
  };
}

function quantilesOf(times: TimeHistogram): Quantiles | null {
  const p50 = quantile(times, 0.5);
  const p99 = quantile(times, 0.99);
  return p50 === undefined || p99 === undefined ? null : { p50: p50 / MILLI, p99: p99 / MILLI };
}

function connectionsOf({ common }: Desk): Overview["connections"] {
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

function journalOf(
  { journal }: Desk,
  options: Options,
  leadership: Leadership | undefined,
): JournalState | null {
  if (journal === undefined) return null;
  const shown = journal.figures();
  return {
    level: options.durability,
    segments: shown.segments,
    bytes: shown.bytes,
    liveBytes: shown.liveBytes,
    syncs: shown.syncs,
    lastSyncMillis: shown.lastSyncMillis,
    oldestUnsyncedMillis: shown.oldestUnsyncedMillis,
    isFull: journal.isFull,
    copy: leadership === undefined ? null : copyOf(leadership),
  };
}

function copyOf({ state, figures }: Leadership): CopyState {
  const { position, lagBytes, lagMillis, standbys } = figures;
  return { leader: state.leader, epoch: state.epoch, position, lagBytes, lagMillis, standbys };
}
