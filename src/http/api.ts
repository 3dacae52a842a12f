/* API: the shape of what travels under /api/v1/, for the server that answers and for the dashboard
 * that asks: of the server as a whole here, of tubes and groups in api-tubes.ts, of jobs in
 * api-jobs.ts.
 *
 * Declarations only, so that both sides compile against the same words and neither imports the
 * other. Names end in their unit. Tube names travel as text, since they are ASCII; whatever else a
 * client of the queue wrote (bodies, failure messages) travels as base64, since it may be any
 * bytes. Numbers are exact up to 2^53. `null` means that there is nothing to measure.
 */
import type { ConnectionFacts } from "../session/who-is-there.ts";
import type { Bytes, JobState } from "./api-jobs.ts";

/** What a caller may do: everything, or look only. */
export type Role = "admin" | "read";

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
  /**
   * Patterns of the tubes that the caller may change, whose token of the queue says so: `*` stands
   * for any characters, also for none. Absent: all, if the role is admin.
   */
  readonly manages?: readonly string[] | undefined;
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
  readonly level: "replicated" | "sync" | "interval" | "os";
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
  /** null where none is kept. */
  readonly copy: CopyState | null;
}

/** The journal's copy elsewhere, which this server keeps: it leads. */
export interface CopyState {
  /** Where clients reach this server, as those are told of it that stand by. */
  readonly leader: string;
  readonly epoch: number;
  /** Number of the newest entry that is known to be there. */
  readonly position: number;
  /** Bytes that are not known to be there yet, and for how long the oldest of them has waited. */
  readonly lagBytes: number;
  readonly lagMillis: number;
  /** Servers that stand by, as they were counted last. */
  readonly standbys: number;
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

/**
 * A connection, as its thread tells of it: the first 20 tubes that it watches and jobs that it
 * holds, and how many there are.
 */
export interface ConnectionSummary extends Omit<ConnectionFacts, "token"> {
  /** Its thread and its token there. */
  readonly id: string;
  readonly thread: number;
}

/** A job that a worker holds. */
export interface WorkerHold {
  readonly id: number;
  readonly tube: string;
  /** The beginning of its body, which may say its type. */
  readonly preview: Bytes;
  /** What its worker said last of how far it is; null if nothing. */
  readonly progress: Bytes | null;
  /** Since it was reserved. */
  readonly heldSeconds: number;
  /** Of its time to run. */
  readonly leftSeconds: number;
}

/** All connections of one name on one host that have reserved. */
export interface WorkerSummary {
  readonly name: string;
  /** "" if it has not said. */
  readonly host: string;
  /** The first 20 of them, the oldest first. */
  readonly connections: readonly WorkerConnection[];
  readonly connectionCount: number;
  /** The first 20 tubes that one of them watches. */
  readonly watches: readonly string[];
  /** Of all of them together. */
  readonly window: number;
  /** How many of them wait for a job. */
  readonly waiting: number;
  /** How many jobs they hold, and the first 20 of these. */
  readonly holdCount: number;
  readonly holds: readonly WorkerHold[];
}

/** One connection of a worker. */
export type WorkerConnection = Pick<ConnectionSummary, "id" | "pid" | "peer" | "ageSeconds">;

/** GET /workers: who works, by what it calls itself; in the order of the names and hosts. */
export interface WorkersAnswer {
  readonly workers: readonly WorkerSummary[];
  /** Connections that these are made of. */
  readonly scanned: number;
  /** False if there are more than were looked at. */
  readonly isWhole: boolean;
}

/** GET /connections?offset=&limit=, or of one of them: GET /connections?id= */
export interface ConnectionsAnswer {
  readonly total: number;
  readonly connections: readonly ConnectionSummary[];
}
