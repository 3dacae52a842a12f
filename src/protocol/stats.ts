/* Stats: the keys of `stats`, `stats-tube` and `stats-job`, in the order in which beanstalkd 1.13
 * prints them, then Homemaker's own.
 *
 * Old clients read these by name, some by position, so neither name nor order ever changes; what is
 * new goes to the end. The session collects the values in this order, and the protocol reference is
 * tested against these tables. A value that is quoted stands between double quotes in the YAML,
 * which keeps a tube named 007 a text.
 */

import { TUBE_SETTINGS } from "./tube-settings.ts";

/** One line of statistics. */
export interface StatsKey {
  readonly key: string;
  /** Whether the value stands between double quotes. */
  readonly quoted: boolean;
  /** What the value means, with its unit. */
  readonly meaning: string;
}

function plain(key: string, meaning: string): StatsKey {
  return { key, quoted: false, meaning };
}

function quoted(key: string, meaning: string): StatsKey {
  return { key, quoted: true, meaning };
}

/** The keys of `stats` that beanstalkd has. */
const BEANSTALKD_STATS: readonly StatsKey[] = [
  plain("current-jobs-urgent", "ready jobs with a priority below 1024"),
  plain("current-jobs-ready", "ready jobs"),
  plain("current-jobs-reserved", "jobs held by a connection"),
  plain("current-jobs-delayed", "jobs whose delay runs"),
  plain("current-jobs-buried", "buried jobs"),
  plain("cmd-put", "put commands"),
  plain("cmd-peek", "peek commands"),
  plain("cmd-peek-ready", "peek-ready commands"),
  plain("cmd-peek-delayed", "peek-delayed commands"),
  plain("cmd-peek-buried", "peek-buried commands"),
  plain("cmd-reserve", "reserve and reserve-batch commands"),
  plain("cmd-reserve-with-timeout", "reserve-with-timeout commands"),
  plain("cmd-delete", "delete commands, and the ids of delete-batch commands"),
  plain("cmd-release", "release commands"),
  plain("cmd-use", "use commands"),
  plain("cmd-watch", "watch commands"),
  plain("cmd-ignore", "ignore commands"),
  plain("cmd-bury", "bury commands"),
  plain("cmd-kick", "kick commands"),
  plain("cmd-touch", "touch commands"),
  plain("cmd-stats", "stats commands"),
  plain("cmd-stats-job", "stats-job commands"),
  plain("cmd-stats-tube", "stats-tube commands"),
  plain("cmd-list-tubes", "list-tubes commands"),
  plain("cmd-list-tube-used", "list-tube-used commands"),
  plain("cmd-list-tubes-watched", "list-tubes-watched commands"),
  plain("cmd-pause-tube", "pause-tube commands"),
  plain("job-timeouts", "times that a holder's time to run was over"),
  plain("total-jobs", "jobs put since the server started"),
  plain("max-job-size", "longest body allowed, in bytes"),
  plain("current-tubes", "tubes that exist"),
  plain("current-connections", "open connections"),
  plain("current-producers", "open connections that have sent an acceptable put"),
  plain("current-workers", "open connections that have reserved or tried to"),
  plain("current-waiting", "open connections that wait for a job, in a reserve or with a window"),
  plain("total-connections", "connections since the server started"),
  plain("pid", "process id of the server"),
  quoted("version", "version of the server"),
  plain("rusage-utime", "processor time in user mode, in seconds with six decimals"),
  plain("rusage-stime", "processor time in the kernel, in seconds with six decimals"),
  plain("uptime", "whole seconds since the server started"),
  plain("binlog-oldest-index", "number of the oldest journal file, 0 without a journal"),
  plain("binlog-current-index", "number of the newest journal file, 0 without a journal"),
  plain("binlog-records-migrated", "journal records that were copied so that a file could go"),
  plain("binlog-records-written", "journal records written, the copied ones included"),
  plain("binlog-max-size", "size of a journal file, in bytes"),
  plain("draining", "true if put is refused, else false"),
  plain("id", "16 hexadecimal digits, drawn anew at each start"),
  quoted("hostname", "name of the host"),
  quoted("os", "version of the operating system"),
  quoted("platform", "hardware of the host"),
];

/**
 * The keys of `stats` that only Homemaker has. Those of the journal, and of its copy, are 0 without
 * one.
 */
const OWN_STATS: readonly StatsKey[] = [
  plain("memory-used", "memory in use for jobs, tubes and connections, in bytes"),
  plain("memory-taken", "memory that the shards have taken from the system, in bytes"),
  plain("threads", "I/O threads"),
  plain("shards", "shards that the tubes are spread over"),
  plain("journal-segments", "journal files that hold records"),
  plain("journal-bytes", "size of all journal files, those kept ready included, in bytes"),
  plain("journal-live-bytes", "bytes of journal records that are still needed"),
  plain("journal-syncs", "times that the journal was synced to the disk"),
  plain("journal-last-sync-ms", "how long the last sync took, in milliseconds"),
  plain("journal-oldest-unsynced-ms", "age of the oldest record not synced yet, in milliseconds"),
  plain("journal-read-only", "true while nothing can be recorded, else false"),
  plain("cmd-drain", "drain commands"),
  plain("cmd-undrain", "undrain commands"),
  plain("cmd-peek-reserved", "peek-reserved commands"),
  plain("cmd-list-jobs", "list-jobs commands"),
  plain("cmd-flush-tube", "flush-tube commands"),
  plain("cmd-peek-failure", "peek-failure commands"),
  plain("cmd-list-failures", "list-failures commands"),
  plain("cmd-features", "features commands"),
  plain("cmd-window", "window commands"),
  plain("cmd-set-tube", "set-tube commands"),
  plain("cmd-reserve-batch", "reserve-batch commands"),
  plain("cmd-delete-batch", "delete-batch commands"),
  plain("cmd-reserve-mode", "reserve-mode commands"),
  plain("cmd-session", "session commands"),
  plain("cmd-vouch", "vouch commands"),
  plain("cmd-progress", "progress commands"),
  plain("cmd-peek-progress", "peek-progress commands"),
  plain("cmd-finish", "finish commands"),
  plain("cmd-await", "await commands"),
  plain("current-results", "results of finished jobs that are kept"),
  plain("current-result-bytes", "bytes of these"),
  plain(
    "results-not-kept",
    "results that were to be kept and found no room since the server started",
  ),
  plain("total-failures", "attempts that ended without a delete since the server started"),
  plain("current-failures", "attempts that ended without a delete and are kept with their jobs"),
  plain("current-concurrency-keys", "keys of the tag `con` with a job that is reserved"),
  plain(
    "current-jobs-aside",
    "ready jobs that nobody is given, because their key of the tag `con` is at its limit",
  ),
  plain("cmd-hand-back", "hand-back commands"),
  plain("cmd-update-job", "update-job commands"),
  plain("cmd-cancel", "cancel commands"),
  plain("cmd-batch", "batch commands"),
  plain("cmd-move", "move commands"),
  plain("cmd-stats-group", "stats-group commands"),
  plain("current-jobs-waiting", "jobs that wait for the group of their tag `aft`"),
  plain("cmd-explain", "explain commands"),
  plain(
    "total-dead-letters",
    "dead jobs that went to the dead-letter tubes of their tubes since the server started",
  ),
  plain("cmd-client-name", "client-name commands"),
  plain("cmd-auth", "auth commands"),
  plain("copy-epoch", "epoch of the journal's copy in which this server leads"),
  plain("copy-position", "number of the newest entry that is known to be in the copy"),
  plain("copy-lag-bytes", "bytes of the journal that are not known to be in the copy yet"),
  plain("copy-lag-ms", "for how long the oldest of these has waited, in milliseconds"),
  plain("copy-standbys", "servers that stand by, as they were counted last"),
  plain("cmd-step-down", "step-down commands"),
  plain("current-jobs-away", "jobs whose bodies are not in memory, but in the journal alone"),
  plain("current-away-bytes", "bytes of these bodies"),
  plain("bodies-read-back", "bodies that were read from the journal since the server started"),
];

/** The keys of `stats`. */
export const SERVER_STATS: readonly StatsKey[] = [...BEANSTALKD_STATS, ...OWN_STATS];

/** The keys of `stats-tube`. */
export const TUBE_STATS: readonly StatsKey[] = [
  quoted("name", "name of the tube"),
  plain("current-jobs-urgent", "ready jobs with a priority below 1024"),
  plain("current-jobs-ready", "ready jobs"),
  plain("current-jobs-reserved", "jobs held by a connection"),
  plain("current-jobs-delayed", "jobs whose delay runs"),
  plain("current-jobs-buried", "buried jobs"),
  plain("total-jobs", "jobs put into the tube since it was made"),
  plain("current-using", "connections that use the tube"),
  plain("current-watching", "connections that watch the tube"),
  plain("current-waiting", "connections that wait in a reserve and watch the tube"),
  plain("cmd-delete", "jobs deleted from the tube"),
  plain("cmd-pause-tube", "times that the tube was paused"),
  plain("pause", "length of the pause that runs, in seconds, 0 if none"),
  plain("pause-time-left", "whole seconds until the pause is over, 0 if none"),
  plain(
    "total-failures",
    "attempts at jobs of the tube that ended without a delete since it was made, or the server started",
  ),
  plain("total-reserves", "times that a job of it was reserved, counted since then like all below"),
  plain("total-timeouts", "times that a holder's time to run was over"),
  plain("total-buries", "times that a job of it was buried"),
  plain("bury-rate", "total-buries divided by total-reserves"),
  plain(
    "processing-time-ewma",
    "moving average of the times from a reservation to the delete by the job's holder",
  ),
  plain("processing-time-min", "shortest of these times"),
  plain("processing-time-max", "longest of them"),
  plain("processing-time-samples", "how many there were"),
  plain("processing-time-fast-threshold", "a time below it is a fast one, others are slow"),
  plain("processing-time-ewma-fast", "moving average of the fast ones"),
  plain("processing-time-samples-fast", "how many fast ones there were"),
  plain("processing-time-ewma-slow", "moving average of the slow ones"),
  plain("processing-time-samples-slow", "how many slow ones there were"),
  plain(
    "processing-time-p50",
    "median of the last 1000 slow ones, or of the fast ones if there was no slow one",
  ),
  plain("processing-time-p95", "likewise, what 95 of 100 did not exceed"),
  plain("processing-time-p99", "likewise, what 99 of 100 did not exceed"),
  plain("queue-time-ewma", "moving average of the times from a job's put to a reservation"),
  plain("queue-time-min", "shortest of these times"),
  plain("queue-time-max", "longest of them"),
  plain("queue-time-samples", "how many there were"),
  plain("current-bytes", "bytes of the bodies of its jobs, in all states"),
  ...TUBE_SETTINGS.map(({ name, isText }) => {
    const meaning = `what \`set-tube\` has set for \`${name}\`, nothing if it has not`;
    return { key: settingKey(name), quoted: isText, meaning };
  }),
  plain("total-dead-letters", "dead jobs of it that went to its dead-letter tube"),
];

/** The key under which `stats-tube` shows a setting. */
export function settingKey(name: string): string {
  return `set-${name}`;
}

/** The keys of `stats-job`. */
export const JOB_STATS: readonly StatsKey[] = [
  plain("id", "id of the job"),
  quoted("tube", "tube that the job is in"),
  plain("state", "ready, reserved, delayed or buried"),
  plain("pri", "priority, as last set by put, release or bury"),
  plain("age", "whole seconds since the put"),
  plain(
    "delay",
    "delay as last set by put or release, in seconds, a part of one counted whole, also when it is over",
  ),
  plain("ttr", "time to run, in seconds"),
  plain(
    "time-left",
    "whole seconds until the job becomes ready by itself, 0 unless reserved or delayed",
  ),
  plain(
    "file",
    "number N of the file `journal.N` that holds the job, or is about to; 0 without a journal",
  ),
  plain("reserves", "times reserved"),
  plain("timeouts", "times that a holder's time to run was over"),
  plain("releases", "times released"),
  plain("buries", "times buried"),
  plain("kicks", "times kicked"),
  plain("failures", "attempts that ended without a delete"),
  plain("failures-dropped", "how many of these list-failures does not show any more"),
  plain("time-reserved", "whole seconds since it was reserved, 0 unless it is"),
  plain("idempotency-key", "key of its tag `idp`, nothing without one"),
  plain("idempotency-ttl", "seconds for which that key is kept when the job is deleted"),
  plain("group", "group that it is a member of, nothing without one"),
  plain("after-group", "group that it waits for, nothing without one"),
  plain("concurrency-key", "key of its tag `con`, nothing without one"),
  plain("concurrency-limit", "how many jobs with that key may be reserved at a time"),
  plain("cancelled", "true if it is gone as soon as the attempt at it ends, else false"),
  plain("exp", "seconds of its tag `exp`, 0 without one, and when it is dead"),
  plain("max", "attempts of its tag `max`, 0 without one, and when it is dead"),
  plain("charged", "attempts that it has been charged with, if it has that tag"),
  plain("fair-key", "key of its tag `fair`, nothing without one"),
  plain("fair-weight", "weight of that key in this job, 0 without one"),
  plain("ack", "what replies about it wait for, by its tag `ack`, nothing without one"),
];

/** The keys of `stats-group`. */
export const GROUP_STATS: readonly StatsKey[] = [
  quoted("name", "name of the group"),
  plain("pending", "jobs that are in it, in whatever state"),
  plain("buried", "how many of them are buried"),
  plain(
    "complete",
    "true if none is in it, while those that waited are being set free, else false",
  ),
  plain("waiting-jobs", "jobs that wait until none is in it"),
];

/** The keys of a job in the reply of list-jobs, in their order. */
export const LISTED_JOB_KEYS = [
  "id",
  "pri",
  "age",
  "delay",
  "ttr",
  "time-left",
  "bytes",
  "reserves",
  "timeouts",
  "releases",
  "buries",
  "kicks",
  "failures",
] as const;
