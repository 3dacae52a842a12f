/* API: the shape of what travels under /api/v1/, for the server that answers and for the dashboard
 * that asks.
 *
 * Declarations only, so that both sides compile against the same words and neither imports the
 * other. Names end in their unit. Tube names travel as text, since they are ASCII; whatever else a
 * client of the queue wrote (bodies, failure messages) travels as base64, since it may be any
 * bytes. Numbers are exact up to 2^53. `null` means that there is nothing to measure.
 */
import type { ConnectionFacts } from "../session/who-is-there.ts";

/** What a caller may do: everything, or look only. */
export type Role = "admin" | "read";

/** The states that a job can be in. */
export type JobState = "ready" | "reserved" | "delayed" | "buried";

/** Body of every answer that is not 2xx. */
export interface ApiFailure {
  readonly error: {
    /** Stable; `HM_...`. */
    readonly code: string;
    /** For people. Never contains what a client of the queue wrote. */
    readonly message: string;
  };
}

/** GET /session: who the caller is. Needs no token. */
export interface SessionAnswer {
  /** null when a token is needed and none was given. */
  readonly role: Role | null;
  readonly needsToken: boolean;
  readonly version: string;
}

/** POST /login. */
export interface LoginRequest {
  readonly token: string;
}

/** Of one I/O thread. */
export interface ThreadLoad {
  readonly index: number;
  /** How late its event loop ran at most since the last overview. */
  readonly lagMillis: number;
}

/** Of one shard. */
export interface ShardLoad {
  readonly index: number;
  /** Bytes that jobs, tubes and connections use. */
  readonly usedBytes: number;
  /** Bytes that the shard has taken from the machine. */
  readonly takenBytes: number;
  /** How often its lock was not free at once, since the start. */
  readonly contended: number;
}

/** The journal, as it is now. */
export interface JournalState {
  /** What a reply waits for. */
  readonly level: "sync" | "interval" | "os";
  readonly segments: number;
  /** Bytes of all segments. */
  readonly bytes: number;
  /** Of these, bytes that still matter. */
  readonly liveBytes: number;
  /** Syncs since the start. */
  readonly syncs: number;
  readonly lastSyncMillis: number | null;
  /** Age of the oldest record that is not yet on the disk. */
  readonly oldestUnsyncedMillis: number | null;
  /** Whether the disk has no room, so that puts are refused. */
  readonly isFull: boolean;
}

/** A distribution of milliseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

/** Where the queue listens: a TCP port, a Unix socket, or elsewhere, in the words of `-l`. */
export type QueueAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "other"; readonly words: string };

/** GET /overview, and the data of each event "overview" of GET /events. */
export interface Overview {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly version: string;
  /** Name of the host. */
  readonly name: string;
  /** The server's id: another one means that it was started anew. */
  readonly id: string;
  readonly addresses: readonly QueueAddress[];
  readonly uptimeSeconds: number;
  readonly isDraining: boolean;
  readonly tubes: number;
  /** Jobs by state, now; `urgent` are those of `ready` with a priority below 1024. */
  readonly jobs: Readonly<Record<JobState | "urgent", number>>;
  /** Counts since the start. */
  readonly totals: {
    readonly put: number;
    readonly reserved: number;
    readonly deleted: number;
    readonly released: number;
    readonly buried: number;
    readonly kicked: number;
    readonly timedOut: number;
    /** Attempts that ended without a delete, however they did. */
    readonly failures: number;
  };
  /**
   * The oldest ready job of the tubes that a worker watches and that are not paused; null when none
   * is ready there.
   */
  readonly oldestReady: { readonly tube: string; readonly ageSeconds: number } | null;
  readonly connections: {
    readonly open: number;
    readonly producers: number;
    readonly workers: number;
    readonly waiting: number;
    /** Since the start. */
    readonly total: number;
  };
  readonly shards: readonly ShardLoad[];
  readonly threads: readonly ThreadLoad[];
  /** null without a data directory. */
  readonly journal: JournalState | null;
  /** From being ready to being reserved; null before the first. */
  readonly queueMillis: Quantiles | null;
  /** From being reserved to being deleted; null before the first. */
  readonly processMillis: Quantiles | null;
}

/** GET /tubes/NAME. */
export interface Tube {
  readonly name: string;
  readonly ready: number;
  readonly reserved: number;
  readonly delayed: number;
  readonly buried: number;
  readonly urgent: number;
  /** Jobs put since the tube was made. */
  readonly total: number;
  readonly deleted: number;
  /** Of those delayed, how many wait for a group. */
  readonly waitingForGroup: number;
  /** Connections that use the tube. */
  readonly using: number;
  /** Connections that watch the tube. */
  readonly watching: number;
  /** Connections that wait in a reserve for the tube. */
  readonly waiting: number;
  /** 0 when it is not paused. */
  readonly pauseSeconds: number;
  readonly pauseLeftSeconds: number;
  readonly ageOldestReadySeconds: number | null;
  /** Jobs are ready, and over the last minutes more came than went. */
  readonly isGrowing: boolean;
  /** Jobs are ready and no worker watches. */
  readonly isUnwatched: boolean;
}

/** What can be set for a tube, and what it is set to. */
export interface TubeSetting {
  readonly name: string;
  /** As set-tube has it; "" when it is not set. */
  readonly value: string;
  /** How a value is written. */
  readonly form: string;
  /** One line for people. */
  readonly summary: string;
}

/** GET /tubes/NAME. */
export interface TubeDetails extends Tube {
  /** Of the bodies of its jobs, in all states. */
  readonly bytes: number;
  readonly settings: readonly TubeSetting[];
}

/**
 * By what jobs of a tube are held back: those of the reasons of explain of which there are many.
 */
export type HoldReason = "paused" | "rate" | "reserved" | "key" | "group";

/** One thing that holds jobs back. */
export interface Hold {
  readonly reason: HoldReason;
  /** Of the key or the group; "" of the others. */
  readonly name: string;
  /** How many jobs it holds back. */
  readonly jobs: number;
  /** What is set: the rate, or how many may be reserved, of the tube or with the key; else "". */
  readonly limit: string;
  /** How many are reserved, of the tube or with the key; or how many are left in the group. */
  readonly taken: number;
  /** Until the pause is over, or the rate lets the next job go; else 0. */
  readonly leftSeconds: number;
}

/** GET /tubes/NAME/held-back. */
export interface HeldBackAnswer {
  /** What the tube itself does first, then the keys and groups with the most jobs, at most 100. */
  readonly holds: readonly Hold[];
  /** How many there are. */
  readonly holdCount: number;
  /** false when there were more keys or waiting jobs than are looked at. */
  readonly isWhole: boolean;
}

/** GET /groups/NAME: what `stats-group` says. */
export interface GroupAnswer {
  readonly name: string;
  /** Jobs that are in it, in whatever tube and state; and how many of these are buried. */
  readonly pending: number;
  readonly buried: number;
  /** Nobody is in it, and those that waited are being set free. */
  readonly isComplete: boolean;
  /** Jobs that wait until nobody is in it. */
  readonly waiting: number;
}

/** A job in a group, or that waits for it. */
export interface GroupJob {
  readonly id: number;
  readonly tube: string;
  readonly state: JobState;
  readonly pri: number;
  readonly ageSeconds: number;
  readonly reserves: number;
  readonly failures: number;
}

/** GET /groups/NAME/jobs?role=member|waiting&after=&limit= */
export interface GroupJobsAnswer {
  /** By their ids. */
  readonly jobs: readonly GroupJob[];
  /** The `after` of the next page; null at the end. */
  readonly next: number | null;
}

/** What tubes can be sorted by. */
export type TubeSort =
  | "name"
  | "ready"
  | "reserved"
  | "delayed"
  | "buried"
  | "total"
  | "age"
  | "waiting";

/** GET /tubes?search=&sort=&order=asc|desc&offset=&limit= */
export interface TubesAnswer {
  /** Of all that the search finds. */
  readonly total: number;
  readonly tubes: readonly Tube[];
}

/** POST /tubes/NAME/pause; 0 ends a pause. */
export interface PauseRequest {
  readonly seconds: number;
}

/** POST /tubes/NAME/settings: all of it or, where something is wrong, none. */
export interface SettingsRequest {
  /** Values by their names; "" takes one away, and what is not named stays as it is. */
  readonly settings: Readonly<Record<string, string>>;
}

/** POST /tubes/NAME/kick. */
export interface KickRequest {
  /** At most so many. */
  readonly count: number;
}

/** Answer of POST /tubes/NAME/kick. */
export interface KickAnswer {
  readonly kicked: number;
}

/** Answer of POST /tubes/NAME/flush: jobs that are gone. */
export interface FlushAnswer {
  readonly flushed: number;
}

/** Bytes of a user, perhaps only their beginning. */
export interface Bytes {
  readonly base64: string;
  /** false when it is only the beginning. */
  readonly isWhole: boolean;
}

/** A job in a list. */
export interface JobSummary {
  readonly id: number;
  readonly tube: string;
  readonly state: JobState;
  readonly pri: number;
  readonly ageSeconds: number;
  readonly delaySeconds: number;
  readonly ttrSeconds: number;
  /** Until the delay or the time to run is over; 0 in other states. */
  readonly leftSeconds: number;
  /** Size of the body. */
  readonly bytes: number;
  readonly reserves: number;
  readonly timeouts: number;
  readonly releases: number;
  readonly buries: number;
  readonly kicks: number;
  /** Attempts that ended without a delete. */
  readonly failures: number;
  readonly preview: Bytes;
  /** Of a buried job the latest failure, if it is kept. */
  readonly failure: LatestFailureSummary | null;
}

/** Why a job is buried, in short. */
export interface LatestFailureSummary {
  /** The line of the newest message that says what went wrong; "" when there is none. */
  readonly headlineBase64: string;
  /** Seconds since 1970 of the latest failure, which is when the job was buried. */
  readonly at: number;
}

/**
 * GET /tubes/NAME/jobs?state=&after=&limit=&filter=&group=&order=; `group` is the key of a group of
 * failures; `order=newest`, of buried jobs, begins with the one that was buried last, and then
 * `after` is how many of these to pass over.
 */
export interface JobsAnswer {
  readonly jobs: readonly JobSummary[];
  /** The `after` of the next page; null at the end. */
  readonly next: number | null;
  /** Jobs that were looked at to find these. */
  readonly scanned: number;
}

/** How an attempt ended. */
export type FailureEnd =
  | "buried"
  | "released"
  | "timed-out"
  | "connection-lost"
  | "expired"
  | "exhausted"
  | "moved";

/** One attempt that ended without a delete. */
export interface Failure {
  /** The how-manieth reserve of the job it was; 1 is the first. */
  readonly attempt: number;
  /** Seconds since 1970, with a fraction. */
  readonly at: number;
  /** Address of who held the job; "" when nobody can say. */
  readonly who: string;
  readonly end: FailureEnd;
  /** What the holder said; "" when nothing. */
  readonly messageBase64: string;
}

/** GET /jobs/ID: as in a list, with everything that is kept of it. */
export interface JobAnswer extends Omit<JobSummary, "failures" | "preview" | "failure"> {
  /** When it was put, in seconds since 1970. */
  readonly putAt: number;
  /** Who holds it; null when nobody does, or it cannot be told. */
  readonly holder: JobHolder | null;
  /** Attempts that ended without a delete. */
  readonly failureCount: number;
  /** Those of them that are kept, newest last. */
  readonly failures: readonly Failure[];
  /** It is held, and gone as soon as that attempt ends. */
  readonly isCancelled: boolean;
  /** What its put was tagged with, word by word. */
  readonly tags: readonly string[];
  /** At most 64 KiB of the body. */
  readonly body: Bytes;
}

/** GET /jobs/ID/result: what a finished job left behind. */
export interface ResultAnswer {
  readonly id: number;
  /** Bytes of the result. */
  readonly bytes: number;
  /** At most 64 KiB of it. */
  readonly result: Bytes;
}

/** GET /jobs/ID/explanation: why it stands where it does. */
export interface ExplanationAnswer {
  /** One line for people. */
  readonly why: string;
  /** One word of those that `explain` has. */
  readonly reason: string;
  readonly state: JobState;
  readonly tube: string;
  /** Ready jobs that come before it, 0 unless it is ready; at least so many if not whole. */
  readonly before: number;
  readonly isBeforeWhole: boolean;
  /** Until its delay or its time to run is over; 0 in other states. */
  readonly leftSeconds: number;
  /** Address of who holds it; "" when nobody does, or it cannot be told. */
  readonly holder: string;
  /** 0 when its tube is not paused. */
  readonly pauseLeftSeconds: number;
  /** What is set for its tube, "" when it is not; and when that lets the next job go. */
  readonly rate: string;
  readonly rateLeftSeconds: number;
  readonly reservedMax: string;
  /** Jobs of its tube that are held. */
  readonly reserved: number;
  /** Its concurrency key; null without one. */
  readonly key: {
    readonly name: string;
    readonly limit: number;
    readonly held: number;
    /** Of a ready job whose key is at its limit: some that hold it. */
    readonly jobs: readonly number[];
  } | null;
  /** The group of its tag `aft`, "" without one; and the jobs in it while it waits for them. */
  readonly afterGroup: string;
  readonly pending: number;
  /** Connections that watch its tube, and those of them that wait for a job. */
  readonly watching: number;
  readonly waiting: number;
  readonly isCancelled: boolean;
  readonly isDraining: boolean;
}

/** Who holds a job. */
export interface JobHolder {
  /** Of the connection. */
  readonly id: string;
  /** Its address; "" when nobody can say. */
  readonly peer: string;
}

/** POST /jobs/ID/update. */
export interface UpdateRequest {
  readonly pri: number;
  /** Above 0: ready or delayed, it becomes delayed; 0: ready. If absent, its state stays. */
  readonly delaySeconds?: number;
}

/** POST /jobs/ID/move. */
export interface MoveRequest {
  readonly tube: string;
}

/** What can be done to many jobs. */
export type BulkAction = "kick" | "delete" | "cancel" | "move" | "update";

/** POST /bulk. */
export interface BulkRequest {
  readonly action: BulkAction;
  readonly tube: string;
  readonly state: JobState;
  /** Text that must occur in the body or the latest failure; "" or absent takes all. */
  readonly filter?: string;
  /** Key of a group that the latest failure must belong to; if absent, any group does. */
  readonly group?: string;
  /** Where `move` moves them to. */
  readonly to?: string;
  /** The priority that `update` gives them. */
  readonly pri?: number;
  /** Only count; false if absent. */
  readonly dryRun?: boolean;
  /** Only jobs with ids above it; 0 if absent. */
  readonly after?: number;
  /** Only jobs with ids up to it; if absent, all. */
  readonly upTo?: number;
  /** Most jobs to look at; all if absent. */
  readonly limit?: number;
}

/** Answer of POST /bulk. */
export interface BulkAnswer {
  /** Jobs that were wanted: those of `done`, `gone` and `refused`, unless it is a dry run. */
  readonly matched: number;
  /** 0 of a dry run, as the two below. */
  readonly done: number;
  /** Those that were gone, held or in another state before it could be done. */
  readonly gone: number;
  /** Those to which the server would not do it; with the first of them it stopped. */
  readonly refused: number;
  /** What it said to the first of these; null without any. */
  readonly refusal: string | null;
  /** The highest id of those that matched; null without any. */
  readonly last: number | null;
  /** The `after` with which to go on; null at the end. */
  readonly next: number | null;
}

/**
 * Buried jobs of a tube whose latest messages have the same headline but for what differs from job
 * to job; those without any message are one group.
 */
export interface FailureGroup {
  readonly key: string;
  readonly tube: string;
  /** Of the newest message the line that says what went wrong, at most 512 bytes. */
  readonly headlineBase64: string;
  /** The beginning of that message. */
  readonly sample: Bytes;
  readonly count: number;
  /**
   * Seconds since 1970 of the first and of the last of these failures; null when nothing is kept of
   * any.
   */
  readonly firstSeen: number | null;
  readonly lastSeen: number | null;
}

/** GET /failures?tube= */
export interface FailuresAnswer {
  /** The largest first, at most 200. */
  readonly groups: readonly FailureGroup[];
  /** How many groups were found. */
  readonly groupCount: number;
  /** Buried jobs that were looked at. */
  readonly scanned: number;
  /** false when there were more buried jobs than are looked at. */
  readonly isWhole: boolean;
}

/**
 * A connection, as its thread tells of it: the first 20 tubes that it watches and jobs that it
 * holds, and how many there are.
 */
export interface ConnectionSummary extends Omit<ConnectionFacts, "token"> {
  /** Its thread and its token there. */
  readonly id: string;
  readonly thread: number;
}

/** GET /connections?offset=&limit=, or of one of them: GET /connections?id= */
export interface ConnectionsAnswer {
  readonly total: number;
  readonly connections: readonly ConnectionSummary[];
}
