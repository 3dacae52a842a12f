/* Metrics: the one table of everything that GET /metrics shows.
 *
 * The exposition (exposition.ts), the collector (server/scrape.ts), docs/metrics.md and the tests
 * all read this table; nothing else lists the metrics. Names follow Prometheus: base units,
 * `_total` for counters. What is counted per tube has the label `tube`; see TUBE_OTHERS.
 */
import { TIME_BUCKETS, TIME_FIRST_BITS } from "../../assembly/constants.ts";
import { SYNC_BOUNDS_MILLIS } from "../journal/journal-figures.ts";
import { DATABASE_METRICS } from "./database-metrics.ts";
import type { Metric } from "./metric.ts";

/**
 * The value of the label `tube` under which all tubes without a label of their own are summed. No
 * tube can have a name with a space.
 */
export const TUBE_OTHERS = "other tubes";

/** What happens to jobs, as the label `event` has it. */
export const EVENTS = [
  "put",
  "reserved",
  "deleted",
  "released",
  "buried",
  "kicked",
  "touched",
  "timed-out",
  "connection-lost",
  "dead-lettered",
] as const;

/** The states of jobs, as the label `state` has them. */
export const STATES = ["ready", "reserved", "delayed", "buried"] as const;

/**
 * Bounds of the histograms of times in queue and in process: each twice the one before. They are
 * the engine's.
 */
const TIME_BOUNDS_SECONDS: readonly number[] = Array.from(
  { length: TIME_BUCKETS - 1 },
  (_, index) => 2 ** (TIME_FIRST_BITS + index) / 1e6,
);
/** Those of single tubes are coarser, four times the one before, since there are many tubes. */
const TUBE_TIME_BOUNDS_SECONDS = TIME_BOUNDS_SECONDS.filter((_, index) => index % 2 === 0);

const QUEUE =
  "from becoming ready (put, the end of a delay, a release, a kick, the end of a time to run) to the reserve that got the job";
const PROCESS = "from a reserve to the delete, release or bury by its holder, touches included";

/** Every metric. */
export const METRICS = {
  info: {
    name: "homemaker_info",
    type: "gauge",
    help: "Always 1; the labels say which server this is.",
    labels: ["version", "id"],
    source: "server",
  },
  draining: {
    name: "homemaker_draining",
    type: "gauge",
    help: "1 while the server refuses puts because it is being drained, else 0.",
    labels: [],
    source: "server",
  },
  jobs: {
    name: "homemaker_jobs",
    type: "gauge",
    help: "Jobs by state.",
    labels: ["state"],
    source: "server",
  },
  urgentJobs: {
    name: "homemaker_urgent_jobs",
    type: "gauge",
    help: "Ready jobs with a priority below 1024.",
    labels: [],
    source: "server",
  },
  tubes: {
    name: "homemaker_tubes",
    type: "gauge",
    help: "Tubes that exist.",
    labels: [],
    source: "server",
  },
  events: {
    name: "homemaker_job_events_total",
    type: "counter",
    help: "What happened to jobs, whichever command or deadline did it; `timed-out` is a time to run that ran out, `connection-lost` a holder that went away, `dead-lettered` a dead job that went from this tube to its dead-letter tube. An attempt failed with each `released`, `buried`, `timed-out` and `connection-lost`.",
    labels: ["event"],
    source: "server",
  },
  commands: {
    name: "homemaker_commands_total",
    type: "counter",
    help: "Commands of clients that were accepted, as the cmd- keys of `stats` count them, whatever came of them.",
    labels: ["command"],
    source: "server",
  },
  results: {
    name: "homemaker_results",
    type: "gauge",
    help: "Results of finished jobs that are kept.",
    labels: [],
    source: "server",
  },
  resultBytes: {
    name: "homemaker_result_bytes",
    type: "gauge",
    help: "Bytes of these.",
    labels: [],
    source: "server",
  },
  resultsNotKept: {
    name: "homemaker_results_not_kept_total",
    type: "counter",
    help: "Results that were to be kept and found no room; who awaited their jobs got them.",
    labels: [],
    source: "server",
  },
  oldestReady: {
    name: "homemaker_oldest_ready_age_seconds",
    type: "gauge",
    help: "Seconds since the oldest ready job was put; 0 when none is ready.",
    labels: [],
    source: "server",
  },
  queueTime: {
    name: "homemaker_queue_duration_seconds",
    type: "histogram",
    help: `How long jobs stood ready: ${QUEUE}.`,
    labels: [],
    boundsSeconds: TIME_BOUNDS_SECONDS,
    source: "server",
  },
  processTime: {
    name: "homemaker_process_duration_seconds",
    type: "histogram",
    help: `How long jobs were held: ${PROCESS}.`,
    labels: [],
    boundsSeconds: TIME_BOUNDS_SECONDS,
    source: "server",
  },
  connections: {
    name: "homemaker_connections",
    type: "gauge",
    help: "Open connections of clients.",
    labels: [],
    source: "server",
  },
  producers: {
    name: "homemaker_producers",
    type: "gauge",
    help: "Open connections that have put a job.",
    labels: [],
    source: "server",
  },
  workers: {
    name: "homemaker_workers",
    type: "gauge",
    help: "Open connections that have reserved, or asked to.",
    labels: [],
    source: "server",
  },
  waitingWorkers: {
    name: "homemaker_waiting_workers",
    type: "gauge",
    help: "Open connections that are waiting for a job.",
    labels: [],
    source: "server",
  },
  accepted: {
    name: "homemaker_connections_accepted_total",
    type: "counter",
    help: "Connections that were accepted.",
    labels: [],
    source: "server",
  },
  turnedAway: {
    name: "homemaker_connections_turned_away_total",
    type: "counter",
    help: "Connections that were turned away because there were too many.",
    labels: [],
    source: "server",
  },
  putsMet: {
    name: "homemaker_puts_met_total",
    type: "counter",
    help: "Puts that made no job, because one with their idempotency key was there or had been a moment ago.",
    labels: [],
    source: "server",
  },
  batchesRefused: {
    name: "homemaker_batches_refused_total",
    type: "counter",
    help: "Batches of which nothing was done, because one of their commands would not have succeeded.",
    labels: [],
    source: "server",
  },
  putsRefused: {
    name: "homemaker_puts_refused_total",
    type: "counter",
    help: "Puts that were not taken, by what they were told: tube-full and job-too-big (of `set-tube` or -z), draining, out-of-memory.",
    labels: ["reason"],
    source: "server",
  },
  logLinesDropped: {
    name: "homemaker_log_lines_dropped_total",
    type: "counter",
    help: "Lines of the log that were dropped, because they were not read as fast as they came.",
    labels: [],
    source: "process",
  },
  tubeJobs: {
    name: "homemaker_tube_jobs",
    type: "gauge",
    help: "Jobs of a tube by state.",
    labels: ["tube", "state"],
    source: "tube",
  },
  tubeUrgentJobs: {
    name: "homemaker_tube_urgent_jobs",
    type: "gauge",
    help: "Ready jobs of a tube with a priority below 1024.",
    labels: ["tube"],
    source: "tube",
  },
  tubeEvents: {
    name: "homemaker_tube_job_events_total",
    type: "counter",
    help: "What happened to the jobs of a tube; as homemaker_job_events_total.",
    labels: ["tube", "event"],
    source: "tube",
  },
  tubeUsers: {
    name: "homemaker_tube_users",
    type: "gauge",
    help: "Connections that use a tube.",
    labels: ["tube"],
    source: "tube",
  },
  tubeWatchers: {
    name: "homemaker_tube_watchers",
    type: "gauge",
    help: "Connections that watch a tube.",
    labels: ["tube"],
    source: "tube",
  },
  tubeWaiting: {
    name: "homemaker_tube_waiting_workers",
    type: "gauge",
    help: "Connections that are waiting for a job of a tube; one that watches several tubes counts in each.",
    labels: ["tube"],
    source: "tube",
  },
  tubePaused: {
    name: "homemaker_tube_paused",
    type: "gauge",
    help: "1 while a tube is paused, else 0; of the other tubes, how many are.",
    labels: ["tube"],
    source: "tube",
  },
  tubeOldestReady: {
    name: "homemaker_tube_oldest_ready_age_seconds",
    type: "gauge",
    help: "Seconds since the oldest ready job of a tube was put, 0 when none is ready; of the other tubes, the greatest.",
    labels: ["tube"],
    source: "tube",
  },
  tubeQueueTime: {
    name: "homemaker_tube_queue_duration_seconds",
    type: "histogram",
    help: `How long jobs of a tube stood ready: ${QUEUE}.`,
    labels: ["tube"],
    boundsSeconds: TUBE_TIME_BOUNDS_SECONDS,
    source: "tube",
  },
  tubeProcessTime: {
    name: "homemaker_tube_process_duration_seconds",
    type: "histogram",
    help: `How long jobs of a tube were held: ${PROCESS}.`,
    labels: ["tube"],
    boundsSeconds: TUBE_TIME_BOUNDS_SECONDS,
    source: "tube",
  },
  keysInUse: {
    name: "homemaker_concurrency_keys",
    type: "gauge",
    help: "Concurrency keys with a job that is reserved.",
    labels: [],
    source: "shard",
  },
  shardAside: {
    name: "homemaker_shard_jobs_aside",
    type: "gauge",
    help: "Ready jobs that nobody is given, because their concurrency key is at its limit.",
    labels: ["shard"],
    source: "shard",
  },
  shardParked: {
    name: "homemaker_shard_jobs_waiting",
    type: "gauge",
    help: "Jobs that wait for their groups; they count as delayed elsewhere.",
    labels: ["shard"],
    source: "shard",
  },
  memoryCap: {
    name: "homemaker_memory_cap_bytes",
    type: "gauge",
    help: "Bytes that the jobs of all shards may take at a time, as --memory says, and with --data --max-index; beyond them put answers OUT_OF_MEMORY.",
    labels: [],
    source: "shard",
  },
  shardUsed: {
    name: "homemaker_shard_memory_used_bytes",
    type: "gauge",
    help: "Bytes that a shard's jobs, tubes, connections and tables take.",
    labels: ["shard"],
    source: "shard",
  },
  shardTaken: {
    name: "homemaker_shard_memory_taken_bytes",
    type: "gauge",
    help: "Bytes that a shard has taken from the system; they are used again, not given back.",
    labels: ["shard"],
    source: "shard",
  },
  shardContended: {
    name: "homemaker_shard_lock_contended_total",
    type: "counter",
    help: "How often a thread found a shard's lock taken.",
    labels: ["shard"],
    source: "shard",
  },
  shardAway: {
    name: "homemaker_shard_jobs_away",
    type: "gauge",
    help: "Jobs of a shard whose bodies are not in memory, but in the journal alone.",
    labels: ["shard"],
    source: "shard",
  },
  shardAwayBytes: {
    name: "homemaker_shard_away_bytes",
    type: "gauge",
    help: "Bytes of the bodies of a shard that are not in memory.",
    labels: ["shard"],
    source: "shard",
  },
  shardBrought: {
    name: "homemaker_shard_bodies_read_back_total",
    type: "counter",
    help: "Bodies that were read back from the journal.",
    labels: ["shard"],
    source: "shard",
  },
  journalSegments: {
    name: "homemaker_journal_segments",
    type: "gauge",
    help: "Segments of the journal that hold something.",
    labels: [],
    source: "journal",
  },
  journalBytes: {
    name: "homemaker_journal_bytes",
    type: "gauge",
    help: "Bytes of all files of the journal, spare ones included.",
    labels: [],
    source: "journal",
  },
  journalLiveBytes: {
    name: "homemaker_journal_live_bytes",
    type: "gauge",
    help: "Bytes of records that are still needed.",
    labels: [],
    source: "journal",
  },
  journalRecords: {
    name: "homemaker_journal_records_total",
    type: "counter",
    help: "Records written; `kept` are those that were written again so that a segment could go.",
    labels: ["reason"],
    source: "journal",
  },
  journalUnsyncedBytes: {
    name: "homemaker_journal_unsafe_bytes",
    type: "gauge",
    help: "Durable lag: bytes of records that are not yet as safe as --durability asks for.",
    labels: [],
    source: "journal",
  },
  journalUnsyncedAge: {
    name: "homemaker_journal_oldest_unsynced_age_seconds",
    type: "gauge",
    help: "Durable lag: seconds since the oldest write that is not synced was made, 0 when all is; at most half a second old itself.",
    labels: [],
    source: "journal",
  },
  journalFull: {
    name: "homemaker_journal_full",
    type: "gauge",
    help: "1 while puts are refused because the disk has no room, else 0.",
    labels: [],
    source: "journal",
  },
  journalSync: {
    name: "homemaker_journal_sync_duration_seconds",
    type: "histogram",
    help: "How long fdatasync of the journal took.",
    labels: [],
    boundsSeconds: SYNC_BOUNDS_MILLIS.map((millis) => millis / 1000),
    source: "journal",
  },
  ...DATABASE_METRICS,
  eventLoopLag: {
    name: "homemaker_event_loop_lag_seconds",
    type: "gauge",
    help: "How late an I/O thread's event loop ran at most, over the last five to ten seconds.",
    labels: ["thread"],
    source: "thread",
  },
  processCpu: {
    name: "process_cpu_seconds_total",
    type: "counter",
    help: "Processor time of the process, user and system.",
    labels: [],
    source: "process",
  },
  processStart: {
    name: "process_start_time_seconds",
    type: "gauge",
    help: "When the server started, in seconds since 1970.",
    labels: [],
    source: "process",
  },
  processMemory: {
    name: "process_resident_memory_bytes",
    type: "gauge",
    help: "Memory that the process takes up, what the shards have taken and used included.",
    labels: [],
    source: "process",
  },
  scrapeTime: {
    name: "homemaker_scrape_duration_seconds",
    type: "gauge",
    help: "How long it took to gather these figures, turns of everything else included.",
    labels: [],
    source: "process",
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** The key of a metric in the table. */
export type MetricKey = keyof typeof METRICS;
