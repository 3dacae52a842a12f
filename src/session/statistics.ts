/* Statistics: the documents that stats, stats-job, stats-tube and list-tubes answer with.
 *
 * The figures were counted as things happened: in the shards under their locks, and in each
 * thread's row of the common memory. Which keys there are and in which order is the protocol's
 * (protocol/stats.ts). Called by sessions.
 */

import { MICROS } from "../clock.ts";
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import { listedJobs, listedTubes } from "../engine/entries.ts";
import type { GroupFigures } from "../engine/key-board.ts";
import type { ListedJob, TubePlace } from "../engine/entries.ts";
import { SLOW_MICROS, TubeSamples } from "../engine/samples.ts";
import type { Shard } from "../engine/shard.ts";
import { COMMANDS, OP } from "../protocol/commands.ts";
import {
  GROUP_STATS,
  JOB_STATS,
  LISTED_JOB_KEYS,
  SERVER_STATS,
  settingKey,
  TUBE_STATS,
} from "../protocol/stats.ts";
import type { StatsKey } from "../protocol/stats.ts";
import { ACK_LEVELS, chargedOf, shownTags } from "../protocol/tags.ts";
import { showSetting, TUBE_SETTINGS } from "../protocol/tube-settings.ts";
import { shownTube, tagEntries } from "./answers.ts";
import { COUNTER_ACCEPTED } from "../engine/common.ts";
import { COUNTER_OPS, COUNTER_PRODUCERS, COUNTER_RESULTS_LOST } from "./counters.ts";
import { COUNTER_WAITING, COUNTER_WORKERS } from "./counters.ts";
import type { Desk } from "./desk.ts";

type Value = string | number | boolean;

/** The states of jobs by their numbers. */
export const STATE_NAMES: Readonly<Record<number, string>> = {
  [C.STATE_READY]: "ready",
  [C.STATE_RESERVED]: "reserved",
  [C.STATE_DELAYED]: "delayed",
  [C.STATE_BURIED]: "buried",
};

/** `stats`. */
export function serverStats(desk: Desk): string {
  return document(desk, SERVER_STATS, {
    ...shardFigures(desk),
    ...commandCounts(desk),
    ...connectionCounts(desk),
    ...journalFigures(desk),
    ...processFacts(desk),
  });
}

function shardFigures(desk: Desk): Record<string, Value> {
  const sums = new Float64Array(C.SHARD_FIGURES);
  for (const shard of desk.shards) {
    shard.statsShard(desk.now);
    for (let index = 0; index < sums.length; index++) {
      sums[index] = (sums[index] ?? 0) + figure(shard, index);
    }
  }
  const sum = (index: number): number => sums[index] ?? 0;
  return {
    "current-jobs-urgent": sum(C.SHARD_URGENT),
    "current-jobs-ready": sum(C.SHARD_READY),
    "current-jobs-reserved": sum(C.SHARD_RESERVED),
    "current-jobs-delayed": sum(C.SHARD_DELAYED) - sum(C.SHARD_PARKED),
    "current-jobs-buried": sum(C.SHARD_BURIED),
    "job-timeouts": sum(C.SHARD_TIMEOUTS),
    "total-jobs": sum(C.SHARD_TOTAL),
    "current-tubes": sum(C.SHARD_TUBES),
    "memory-used": sum(C.SHARD_USED_BYTES),
    "memory-taken": sum(C.SHARD_TAKEN_BYTES),
    "binlog-records-written": sum(C.SHARD_RECORDS),
    "binlog-records-migrated": sum(C.SHARD_RECORDS_KEPT),
    "total-failures": sum(C.SHARD_FAILURES),
    "total-dead-letters": sum(C.SHARD_DEAD_LETTERS),
    "current-failures": sum(C.SHARD_FAILURES_KEPT),
    "current-concurrency-keys": desk.shards[0]?.keysInUse() ?? 0,
    "current-jobs-aside": sum(C.SHARD_ASIDE),
    "current-jobs-waiting": sum(C.SHARD_PARKED),
    "current-results": sum(C.SHARD_RESULTS),
    "current-result-bytes": sum(C.SHARD_RESULT_BYTES),
    "current-jobs-away": sum(C.SHARD_AWAY),
    "current-away-bytes": sum(C.SHARD_AWAY_BYTES),
    "bodies-read-back": sum(C.SHARD_BROUGHT),
    "results-not-kept": desk.common.total(COUNTER_RESULTS_LOST),
  };
}

/** What was published of the journal last; zeros without one. */
function journalFigures({ journal }: Desk): Record<string, Value> {
  const shown = journal?.figures();
  const copy = journal?.copy?.figures();
  return {
    "binlog-oldest-index": shown?.oldestSegment ?? 0,
    "binlog-current-index": shown?.currentSegment ?? 0,
    "journal-segments": shown?.segments ?? 0,
    "journal-bytes": shown?.bytes ?? 0,
    "journal-live-bytes": shown?.liveBytes ?? 0,
    "journal-syncs": shown?.syncs ?? 0,
    "journal-last-sync-ms": Math.round(shown?.lastSyncMillis ?? 0),
    "journal-oldest-unsynced-ms": Math.round(shown?.oldestUnsyncedMillis ?? 0),
    "journal-read-only": journal?.isReadOnly === true,
    "copy-epoch": copy?.epoch ?? 0,
    "copy-position": copy?.position ?? 0,
    "copy-lag-bytes": copy?.lagBytes ?? 0,
    "copy-lag-ms": Math.round(copy?.lagMillis ?? 0),
    "copy-standbys": copy?.standbys ?? 0,
  };
}

function commandCounts(desk: Desk): Record<string, Value> {
  const counts: Record<string, Value> = {};
  for (const { op, counter } of COMMANDS) {
    if (counter !== null) counts[counter] = commandCount(desk, op);
  }
  return counts;
}

/** Where the engine counts the commands that it answers in a run. */
const RUN_COUNTS: Readonly<Record<number, number>> = {
  [OP.PUT]: C.COUNT_PUT,
  [OP.RESERVE]: C.COUNT_RESERVE,
  [OP.RESERVE_WITH_TIMEOUT]: C.COUNT_RESERVE_WITH_TIMEOUT,
  [OP.DELETE]: C.COUNT_DELETE,
  [OP.RELEASE]: C.COUNT_RELEASE,
  [OP.BURY]: C.COUNT_BURY,
  [OP.TOUCH]: C.COUNT_TOUCH,
  [OP.BATCH]: C.COUNT_BATCH,
};

/** How many commands of that operation (OP) clients have sent. */
export function commandCount(desk: Desk, op: number): number {
  return desk.common.total(COUNTER_OPS + op) + runCount(desk, op);
}

function runCount({ shards, common }: Desk, op: number): number {
  const which = RUN_COUNTS[op];
  if (which === undefined) return 0;
  return shards.reduce((sum, shard) => sum + shard.commandCount(which, common.seats), 0);
}

function connectionCounts(desk: Desk): Record<string, Value> {
  const { common } = desk;
  return {
    "current-connections": common.openConnections,
    "current-producers": common.total(COUNTER_PRODUCERS),
    "current-workers": common.total(COUNTER_WORKERS),
    "current-waiting": common.total(COUNTER_WAITING),
    "total-connections": common.total(COUNTER_ACCEPTED),
  };
}

function processFacts({ facts, limits, common, now, shards }: Desk): Record<string, Value> {
  const { user, system } = facts.cpuMicros();
  return {
    "max-job-size": limits.maxJobBytes,
    pid: facts.pid,
    version: facts.version,
    "rusage-utime": exactSeconds(user),
    "rusage-stime": exactSeconds(system),
    uptime: Math.floor(now / MICROS),
    "binlog-max-size": facts.journalSegmentBytes,
    draining: common.draining,
    id: facts.id,
    hostname: facts.hostname,
    os: facts.os,
    platform: facts.platform,
    threads: common.threads,
    shards: shards.length,
  };
}

/** `stats-tube`, from what statsTube left. */
export function tubeStats(desk: Desk, shard: Shard, name: string): string {
  return document(desk, TUBE_STATS, {
    ...timeFigures(new TubeSamples(shard)),
    name,
    "current-jobs-urgent": figure(shard, C.TUBE_URGENT),
    "current-jobs-ready": figure(shard, C.TUBE_READY),
    "current-jobs-reserved": figure(shard, C.TUBE_RESERVED),
    "current-jobs-delayed": figure(shard, C.TUBE_DELAYED) - figure(shard, C.TUBE_PARKED),
    "current-jobs-buried": figure(shard, C.TUBE_BURIED),
    "total-jobs": figure(shard, C.TUBE_TOTAL),
    "current-using": figure(shard, C.TUBE_USING),
    "current-watching": figure(shard, C.TUBE_WATCHING),
    "current-waiting": figure(shard, C.TUBE_WAITING),
    "cmd-delete": figure(shard, C.TUBE_CMD_DELETE),
    "cmd-pause-tube": figure(shard, C.TUBE_CMD_PAUSE),
    pause: wholeSeconds(figure(shard, C.TUBE_PAUSE_MICROS)),
    "pause-time-left": wholeSeconds(figure(shard, C.TUBE_PAUSE_LEFT_MICROS)),
    "total-failures": figure(shard, C.TUBE_FAILURES),
    "total-reserves": figure(shard, C.TUBE_RESERVES),
    "total-dead-letters": figure(shard, C.TUBE_DEAD_LETTERS),
    "total-timeouts": figure(shard, C.TUBE_TIMEOUTS),
    "total-buries": figure(shard, C.TUBE_BURIES),
    "bury-rate": rate(figure(shard, C.TUBE_BURIES), figure(shard, C.TUBE_RESERVES)),
    "current-bytes": figure(shard, C.TUBE_BYTES),
    ...Object.fromEntries(
      Object.entries(shownSettings(shard)).map(([one, value]) => [settingKey(one), value]),
    ),
  });
}

function timeFigures(samples: TubeSamples): Record<string, Value> {
  const micros = (which: number): string => exactSeconds(samples.figure(which));
  const [fast, slow] = [samples.figure(L.SAMPLE_FAST_COUNT), samples.figure(L.SAMPLE_SLOW_COUNT)];
  return {
    "processing-time-ewma": micros(L.SAMPLE_PROCESS),
    "processing-time-min": micros(L.SAMPLE_PROCESS_LEAST),
    "processing-time-max": micros(L.SAMPLE_PROCESS_MOST),
    "processing-time-samples": fast + slow,
    "processing-time-fast-threshold": exactSeconds(SLOW_MICROS),
    "processing-time-ewma-fast": micros(L.SAMPLE_FAST),
    "processing-time-samples-fast": fast,
    "processing-time-ewma-slow": micros(L.SAMPLE_SLOW),
    "processing-time-samples-slow": slow,
    "processing-time-p50": exactSeconds(samples.percentile(50)),
    "processing-time-p95": exactSeconds(samples.percentile(95)),
    "processing-time-p99": exactSeconds(samples.percentile(99)),
    "queue-time-ewma": micros(L.SAMPLE_QUEUE),
    "queue-time-min": micros(L.SAMPLE_QUEUE_LEAST),
    "queue-time-max": micros(L.SAMPLE_QUEUE_MOST),
    "queue-time-samples": samples.figure(L.SAMPLE_QUEUE_COUNT),
  };
}

/** With six decimals. */
function rate(part: number, whole: number): string {
  return (whole === 0 ? 0 : part / whole).toFixed(6);
}

/** Seconds with six decimals. */
function exactSeconds(micros: number): string {
  return (micros / MICROS).toFixed(6);
}

/** What is set for the tube, by name, which statsTube left in the output slot. */
export function shownSettings(shard: Shard): Readonly<Record<string, string>> {
  const values = new Float64Array(C.SETTINGS);
  const end = L.TUBE_SETTINGS + values.byteLength;
  new Uint8Array(values.buffer).set(shard.output.subarray(L.TUBE_SETTINGS, end));
  return Object.fromEntries(TUBE_SETTINGS.map((row) => [row.name, showSetting(row, values)]));
}

/** `stats-job`, from the result area that statsJob filled. */
export function jobStats(desk: Desk, shard: Shard, id: number): string {
  const tags = shownTags(tagEntries(shard));
  const idp = tags.get(C.TAG_IDP);
  const con = tags.get(C.TAG_CON);
  return document(desk, JOB_STATS, {
    id,
    tube: shownTube(shard),
    state: STATE_NAMES[figure(shard, C.JOB_STATE)] ?? "invalid",
    pri: figure(shard, C.JOB_PRI),
    age: wholeSeconds(figure(shard, C.JOB_AGE_MICROS)),
    delay: figure(shard, C.JOB_DELAY_SECONDS),
    ttr: figure(shard, C.JOB_TTR_SECONDS),
    "time-left": wholeSeconds(figure(shard, C.JOB_LEFT_MICROS)),
    file: figure(shard, C.JOB_SEGMENT),
    reserves: figure(shard, C.JOB_RESERVES),
    timeouts: figure(shard, C.JOB_TIMEOUTS),
    releases: figure(shard, C.JOB_RELEASES),
    buries: figure(shard, C.JOB_BURIES),
    kicks: figure(shard, C.JOB_KICKS),
    failures: figure(shard, C.JOB_FAILURES),
    "failures-dropped": figure(shard, C.JOB_FAILURES) - figure(shard, C.JOB_FAILURES_KEPT),
    "time-reserved": wholeSeconds(figure(shard, C.JOB_RESERVED_MICROS)),
    "idempotency-key": idp?.name ?? "",
    "idempotency-ttl": idp?.number ?? 0,
    group: tags.get(C.TAG_GRP)?.name ?? "",
    "after-group": tags.get(C.TAG_AFT)?.name ?? "",
    "concurrency-key": con?.name ?? "",
    "concurrency-limit": con?.number ?? 0,
    cancelled: figure(shard, C.JOB_CANCELLED) !== 0,
    exp: tags.get(C.TAG_EXP)?.number ?? 0,
    max: tags.get(C.TAG_MAX)?.number ?? 0,
    charged: chargedOf(tags),
    "fair-key": tags.get(C.TAG_FAIR)?.name ?? "",
    "fair-weight": tags.get(C.TAG_FAIR)?.number ?? 0,
    ack: ACK_LEVELS[(tags.get(C.TAG_ACK)?.number ?? 0) - 1] ?? "",
  });
}

/** `stats-group`. */
export function groupStats(
  desk: Desk,
  name: string,
  { members, buried, waiting }: GroupFigures,
): string {
  return document(desk, GROUP_STATS, {
    name,
    pending: members,
    buried,
    complete: members === 0,
    "waiting-jobs": waiting,
  });
}

/** The page of `list-jobs` that describeJobs left; one line for a job. */
export function listedPage(shard: Shard, next: number): string {
  const jobs = listedJobs(shard).map(lineOf);
  const list = jobs.length === 0 ? "jobs: []\n" : `jobs:\n${jobs.join("")}`;
  return `---\n${list}next: ${next}\n`;
}

function lineOf(job: ListedJob): string {
  const figures: Readonly<Record<(typeof LISTED_JOB_KEYS)[number], number>> = {
    id: job.id,
    pri: job.pri,
    age: wholeSeconds(job.ageMicros),
    delay: job.delaySeconds,
    ttr: job.ttrSeconds,
    "time-left": wholeSeconds(job.leftMicros),
    bytes: job.bodyBytes,
    reserves: job.reserves,
    timeouts: job.timeouts,
    releases: job.releases,
    buries: job.buries,
    kicks: job.kicks,
    failures: job.failures,
  };
  const facts = LISTED_JOB_KEYS.map((key) => `${key}: ${figures[key]}`);
  return `- {${facts.join(", ")}}\n`;
}

/** The names of all tubes, in the order in which they were made. */
export function tubeNames({ shards }: Desk): readonly string[] {
  const tubes: TubePlace[] = [];
  for (const shard of shards) {
    for (let number = 0; ; number = tubes.at(-1)?.number ?? number) {
      const next = tubesBehind(shard, number);
      if (next.length === 0) break;
      tubes.push(...next);
    }
  }
  return tubes.toSorted((a, b) => a.number - b.number).map(({ name }) => name);
}

/**
 * Some of the shard's tubes that were made after the one of that number; none when there are no
 * more.
 */
function tubesBehind(shard: Shard, number: number): readonly TubePlace[] {
  const hasMore = shard.listTubes(number) === C.MORE;
  return hasMore ? listedTubes(shard) : [];
}

function figure(shard: Shard, index: number): number {
  return shard.field(C.RESULT_STATS + index);
}

/**
 * Whole seconds, truncated; the clocks of two threads may differ by less than a tick, which never
 * shows as a negative time.
 */
function wholeSeconds(micros: number): number {
  return Math.max(0, Math.floor(micros / MICROS));
}

function document(
  desk: Desk,
  keys: readonly StatsKey[],
  values: Readonly<Record<string, Value>>,
): string {
  return desk.control.yamlDictionary(
    keys.map(({ key, quoted }) => [key, values[key] ?? 0, quoted] as const),
  );
}
