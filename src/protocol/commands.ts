/* Commands: the one table of everything that a client can ask.
 *
 * The order of the rows is the order in which verbs are tried, and it is beanstalkd's: a verb
 * matches by prefix, so a longer verb stands before each verb that it begins with (`reserve-job `
 * before `reserve`). Homemaker's own commands stand behind beanstalkd's, or before one that they
 * begin with, where beanstalkd finds a malformed line: no line that it takes means anything else
 * here. The line parser, the counters in `stats`, the metrics, the protocol reference and the tests
 * all read this table; nothing else lists the commands.
 */

import type { ReplyForm } from "./replies.ts";
import type { Right } from "./rights.ts";

/** How far ahead a lease can be vouched for. */
export const VOUCH_SECONDS_MAX = 3600;
/** Most jobs whose end one connection awaits. */
export const AWAITS_MAX = 10_000;
/** Most jobs of a window. */
export const WINDOW_MAX = 1000;

/**
 * The operations that a line can stand for, as small dense integers from 1. BAD_FORMAT and
 * UNKNOWN_COMMAND are the two ways in which a whole line can be wrong.
 */
export const OP = {
  PUT: 1,
  PEEK: 2,
  PEEK_READY: 3,
  PEEK_DELAYED: 4,
  PEEK_BURIED: 5,
  RESERVE_WITH_TIMEOUT: 6,
  RESERVE_JOB: 7,
  RESERVE: 8,
  DELETE: 9,
  RELEASE: 10,
  BURY: 11,
  KICK: 12,
  KICK_JOB: 13,
  TOUCH: 14,
  STATS_JOB: 15,
  STATS_TUBE: 16,
  STATS: 17,
  USE: 18,
  WATCH: 19,
  IGNORE: 20,
  LIST_TUBES_WATCHED: 21,
  LIST_TUBE_USED: 22,
  LIST_TUBES: 23,
  QUIT: 24,
  PAUSE_TUBE: 25,
  DRAIN: 26,
  UNDRAIN: 27,
  PEEK_RESERVED: 28,
  LIST_JOBS: 29,
  FLUSH_TUBE: 30,
  PEEK_FAILURE: 31,
  LIST_FAILURES: 32,
  FEATURES: 33,
  HAND_BACK: 34,
  UPDATE_JOB: 35,
  CANCEL: 36,
  WINDOW: 37,
  SET_TUBE: 38,
  RESERVE_BATCH: 39,
  DELETE_BATCH: 40,
  SESSION: 41,
  VOUCH: 42,
  RESERVE_MODE: 43,
  PROGRESS: 44,
  PEEK_PROGRESS: 45,
  BATCH: 46,
  MOVE: 47,
  FINISH: 48,
  AWAIT: 49,
  STATS_GROUP: 50,
  EXPLAIN: 51,
  CLIENT_NAME: 52,
  AUTH: 53,
  STEP_DOWN: 54,
  BAD_FORMAT: 55,
  UNKNOWN_COMMAND: 56,
} as const;

/** The length of an array that has a place for each operation, by its number. */
export const OP_COUNT = 57;

/**
 * The arguments that commands take. All numbers are decimal digits after any number of spaces;
 * behind those of a `delay` may stand `ms`. `tube` and `name` are the whole rest of the line;
 * `tube-word` is a tube name that ends at a space, and may have spaces before it; `tube-behind` is
 * the same and has one at least. `state` is one of four words. `after` is an id, or 0; `limit` and
 * `count` are 1 to LIST_JOBS_MAX; `n` is the size of a window, or a number of servers, 0 to
 * WINDOW_MAX. `settings` are words `name=value` to the end of the line (tube-settings.ts), each
 * behind a space or more; `ids` is all the rest of the line, too: as many ids, with white space
 * between them. `token` has 32 hexadecimal digits in lower case; `seconds` is 1 to
 * VOUCH_SECONDS_MAX; `keep` is a number of seconds, too. `client` is one to three words to the end
 * of the line (client-name.ts); `secret` is all the rest of the line, whatever it is.
 */
export type ArgumentName =
  | "pri"
  | "delay"
  | "pause"
  | "ttr"
  | "bytes"
  | "id"
  | "timeout"
  | "bound"
  | "tube"
  | "name"
  | "tube-word"
  | "tube-behind"
  | "state"
  | "after"
  | "limit"
  | "n"
  | "settings"
  | "count"
  | "ids"
  | "mode"
  | "token"
  | "seconds"
  | "keep"
  | "client"
  | "secret";

/**
 * What becomes of bytes after the last argument: `refused` answers BAD_FORMAT, `ignored` takes the
 * command as if they were not there, `tags` reads those of a put (tags.ts), and hands the command
 * on whatever is wrong with them, because another check comes first.
 */
export type Remainder = "refused" | "ignored" | "tags";

/**
 * Where a right must be had: `used`: in the tube in use; `watched`: in each tube that is watched;
 * `named`: in the one that the line names; `job`: in the one that the job is in, and `jobs`: the
 * same for each job that is named; `some`: in any; `every`: in all, by a pattern that matches all.
 */
export type Place = "used" | "watched" | "named" | "job" | "jobs" | "some" | "every";

/** A right that a command takes where there are tokens. */
export interface Need {
  /** One of these is enough. */
  readonly rights: readonly Right[];
  readonly in: Place;
}

/* What the commands take, by the names that the table has for it. */
const NOTHING: readonly Need[] = [];
const ANYTHING = needs("some", "put", "reserve", "look", "manage");
const LOOK_AT_JOB = needs("job", "look");
const WORK_ON_JOB = needs("job", "reserve");
const MANAGE_JOB = needs("job", "manage");
const LOOK_INTO_USED = needs("used", "look");
const RESERVE = needs("watched", "reserve");

function needs(place: Place, ...rights: readonly Right[]): readonly Need[] {
  return [{ rights, in: place }];
}

/** One row of the table. */
export interface CommandRow {
  /** Its number, from OP. */
  readonly op: number;
  /** Its name, as people say it and as metrics label it. */
  readonly name: string;
  /**
   * The bytes that a line must begin with; ends with a space where the command cannot do without an
   * argument.
   */
  readonly verb: string;
  /** What follows the verb, in order. */
  readonly args: readonly ArgumentName[];
  /**
   * After its arguments may stand <bytes>, and then a failure message of that length follows the
   * line as a body follows a put.
   */
  readonly takesFailure?: true;
  /** Behind its tube may stand a space and a weight. */
  readonly takesWeight?: true;
  /** Longest line of it with its CRLF; if absent, as long as any of beanstalkd's. */
  readonly lineBytesMax?: number;
  /** After its arguments may stand a delay. */
  readonly takesDelay?: true;
  /** What may follow the last argument. */
  readonly remainder: Remainder;
  /** The key under which `stats` shows how often it came; null where beanstalkd shows nothing. */
  readonly counter: string | null;
  /**
   * Each reply that this command can get, beside BAD_FORMAT, which every command can, DENIED, which
   * those can that need something, and INTERNAL_ERROR, which we never send.
   */
  readonly replies: readonly ReplyForm[];
  /**
   * What it takes where there are tokens; all of these. A job in a tube without the right counts as
   * none.
   */
  readonly needs: readonly Need[];
  /** One line for people. */
  readonly summary: string;
  /** What it does must be recorded: while nothing can be, it gets OUT_OF_MEMORY. */
  readonly changesJobs?: true;
  /** It writes records into the journal's ring, and waits while that has no room. */
  readonly writesRecords?: true;
  /** Homemaker's own: beanstalkd does not know it. */
  readonly isAddition?: true;
}

/** Every command, in the order in which verbs are tried. */
export const COMMANDS: readonly CommandRow[] = [
  {
    op: OP.PUT,
    name: "put",
    verb: "put ",
    args: ["pri", "delay", "ttr", "bytes"],
    lineBytesMax: 2048,
    remainder: "tags",
    counter: "cmd-put",
    replies: [
      "INSERTED <id>",
      "INSERTED <id> <state>",
      "INSERTED <id> <state> <pri>",
      "BURIED <id>",
      "EXPECTED_CRLF",
      "JOB_TOO_BIG",
      "TUBE_FULL <limit> <count>",
      "DRAINING",
      "OUT_OF_MEMORY",
    ],
    needs: needs("used", "put"),
    summary: "Adds a job to the tube in use.",
    changesJobs: true,
    writesRecords: true,
  },
  {
    op: OP.PEEK,
    name: "peek",
    verb: "peek ",
    args: ["id"],
    remainder: "refused",
    counter: "cmd-peek",
    replies: ["FOUND <id> <bytes>", "NOT_FOUND"],
    needs: LOOK_AT_JOB,
    summary: "Shows a job, whatever its state and tube.",
  },
  {
    op: OP.PEEK_READY,
    name: "peek-ready",
    verb: "peek-ready",
    args: [],
    remainder: "refused",
    counter: "cmd-peek-ready",
    replies: ["FOUND <id> <bytes>", "NOT_FOUND"],
    needs: LOOK_INTO_USED,
    summary: "Shows the job that the tube in use would hand out next.",
  },
  {
    op: OP.PEEK_DELAYED,
    name: "peek-delayed",
    verb: "peek-delayed",
    args: [],
    remainder: "refused",
    counter: "cmd-peek-delayed",
    replies: ["FOUND <id> <bytes>", "NOT_FOUND"],
    needs: LOOK_INTO_USED,
    summary: "Shows the delayed job of the tube in use that becomes ready first.",
  },
  {
    op: OP.PEEK_BURIED,
    name: "peek-buried",
    verb: "peek-buried",
    args: [],
    remainder: "refused",
    counter: "cmd-peek-buried",
    replies: ["FOUND <id> <bytes>", "NOT_FOUND"],
    needs: LOOK_INTO_USED,
    summary: "Shows the job of the tube in use that was buried first.",
  },
  {
    op: OP.RESERVE_WITH_TIMEOUT,
    name: "reserve-with-timeout",
    verb: "reserve-with-timeout ",
    args: ["timeout"],
    remainder: "ignored",
    counter: "cmd-reserve-with-timeout",
    replies: ["RESERVED <id> <bytes>", "DEADLINE_SOON", "TIMED_OUT"],
    needs: RESERVE,
    summary: "Takes the best ready job of the watched tubes, waiting a limited time for one.",
    changesJobs: true,
  },
  {
    op: OP.RESERVE_JOB,
    name: "reserve-job",
    verb: "reserve-job ",
    args: ["id"],
    remainder: "refused",
    counter: null,
    replies: ["RESERVED <id> <bytes>", "NOT_FOUND", "OUT_OF_MEMORY"],
    needs: WORK_ON_JOB,
    summary: "Takes one certain job, unless somebody holds it.",
    changesJobs: true,
    writesRecords: true,
  },
  {
    op: OP.RESERVE_BATCH,
    name: "reserve-batch",
    verb: "reserve-batch ",
    args: ["count"],
    remainder: "refused",
    counter: "cmd-reserve-batch",
    replies: ["RESERVED_BATCH <count>"],
    needs: RESERVE,
    summary: "Takes up to so many ready jobs of the watched tubes, without waiting.",
    changesJobs: true,
    isAddition: true,
  },
  {
    op: OP.RESERVE_MODE,
    name: "reserve-mode",
    verb: "reserve-mode ",
    args: ["mode"],
    remainder: "refused",
    counter: "cmd-reserve-mode",
    replies: ["USING <tube>"],
    needs: needs("some", "reserve"),
    summary: "Chooses how jobs of several watched tubes are chosen.",
    isAddition: true,
  },
  {
    op: OP.RESERVE,
    name: "reserve",
    verb: "reserve",
    args: [],
    remainder: "refused",
    counter: "cmd-reserve",
    replies: ["RESERVED <id> <bytes>", "DEADLINE_SOON", "TIMED_OUT"],
    needs: RESERVE,
    summary: "Takes the best ready job of the watched tubes, waiting until there is one.",
    changesJobs: true,
  },
  {
    op: OP.DELETE,
    name: "delete",
    verb: "delete ",
    args: ["id"],
    remainder: "refused",
    counter: "cmd-delete",
    replies: ["DELETED", "NOT_FOUND"],
    needs: needs("job", "reserve", "manage"),
    summary: "Removes a job for good.",
    changesJobs: true,
    writesRecords: true,
  },
  {
    op: OP.RELEASE,
    name: "release",
    verb: "release ",
    args: ["id", "pri", "delay"],
    takesFailure: true,
    remainder: "refused",
    counter: "cmd-release",
    replies: ["RELEASED", "BURIED", "NOT_FOUND", "EXPECTED_CRLF", "JOB_TOO_BIG"],
    needs: WORK_ON_JOB,
    summary: "Gives a held job back, ready at once or after a delay.",
    changesJobs: true,
    writesRecords: true,
  },
  {
    op: OP.BURY,
    name: "bury",
    verb: "bury ",
    args: ["id", "pri"],
    takesFailure: true,
    remainder: "refused",
    counter: "cmd-bury",
    replies: ["BURIED", "NOT_FOUND", "EXPECTED_CRLF", "JOB_TOO_BIG"],
    needs: WORK_ON_JOB,
    summary: "Sets a held job aside until somebody kicks it.",
    changesJobs: true,
    writesRecords: true,
  },
  {
    op: OP.KICK,
    name: "kick",
    verb: "kick ",
    args: ["bound"],
    remainder: "ignored",
    counter: "cmd-kick",
    replies: ["KICKED <count>"],
    needs: needs("used", "manage"),
    summary: "Makes buried jobs of the tube in use ready, or delayed ones if none is buried.",
    changesJobs: true,
    writesRecords: true,
  },
  {
    op: OP.KICK_JOB,
    name: "kick-job",
    verb: "kick-job ",
    args: ["id"],
    remainder: "refused",
    counter: null,
    replies: ["KICKED", "NOT_FOUND"],
    needs: MANAGE_JOB,
    summary: "Makes one buried or delayed job ready.",
    changesJobs: true,
    writesRecords: true,
  },
  {
    op: OP.TOUCH,
    name: "touch",
    verb: "touch ",
    args: ["id"],
    remainder: "refused",
    counter: "cmd-touch",
    replies: ["TOUCHED", "NOT_FOUND"],
    needs: WORK_ON_JOB,
    summary: "Starts the time to run of a held job afresh.",
  },
  {
    op: OP.STATS_JOB,
    name: "stats-job",
    verb: "stats-job ",
    args: ["id"],
    remainder: "refused",
    counter: "cmd-stats-job",
    replies: ["OK <bytes>", "NOT_FOUND"],
    needs: LOOK_AT_JOB,
    summary: "Describes a job.",
  },
  {
    op: OP.STATS_TUBE,
    name: "stats-tube",
    verb: "stats-tube ",
    args: ["tube"],
    remainder: "refused",
    counter: "cmd-stats-tube",
    replies: ["OK <bytes>", "NOT_FOUND"],
    needs: needs("named", "look"),
    summary: "Describes a tube.",
  },
  {
    op: OP.STATS_GROUP,
    name: "stats-group",
    verb: "stats-group ",
    args: ["name"],
    remainder: "refused",
    counter: "cmd-stats-group",
    replies: ["OK <bytes>", "NOT_FOUND"],
    needs: needs("some", "look"),
    summary: "Describes a group.",
    isAddition: true,
  },
  {
    op: OP.STATS,
    name: "stats",
    verb: "stats",
    args: [],
    remainder: "refused",
    counter: "cmd-stats",
    replies: ["OK <bytes>"],
    needs: ANYTHING,
    summary: "Describes the server.",
  },
  {
    op: OP.USE,
    name: "use",
    verb: "use ",
    args: ["tube"],
    remainder: "refused",
    counter: "cmd-use",
    replies: ["USING <tube>", "OUT_OF_MEMORY"],
    needs: needs("named", "put", "look"),
    summary: "Chooses the tube for put, kick and the peeks.",
  },
  {
    op: OP.WATCH,
    name: "watch",
    verb: "watch ",
    args: ["tube"],
    takesWeight: true,
    remainder: "refused",
    counter: "cmd-watch",
    replies: ["WATCHING <count>", "OUT_OF_MEMORY"],
    needs: needs("named", "reserve"),
    summary: "Adds a tube to those that this connection reserves from.",
  },
  {
    op: OP.IGNORE,
    name: "ignore",
    verb: "ignore ",
    args: ["tube"],
    remainder: "refused",
    counter: "cmd-ignore",
    replies: ["WATCHING <count>", "NOT_IGNORED"],
    needs: needs("some", "reserve"),
    summary: "Removes a tube from those that this connection reserves from.",
  },
  {
    op: OP.LIST_TUBES_WATCHED,
    name: "list-tubes-watched",
    verb: "list-tubes-watched",
    args: [],
    remainder: "refused",
    counter: "cmd-list-tubes-watched",
    replies: ["OK <bytes>"],
    needs: ANYTHING,
    summary: "Lists the tubes that this connection watches.",
  },
  {
    op: OP.LIST_TUBE_USED,
    name: "list-tube-used",
    verb: "list-tube-used",
    args: [],
    remainder: "refused",
    counter: "cmd-list-tube-used",
    replies: ["USING <tube>"],
    needs: ANYTHING,
    summary: "Says which tube this connection uses.",
  },
  {
    op: OP.LIST_TUBES,
    name: "list-tubes",
    verb: "list-tubes",
    args: [],
    remainder: "refused",
    counter: "cmd-list-tubes",
    replies: ["OK <bytes>"],
    needs: ANYTHING,
    summary: "Lists all tubes.",
  },
  {
    op: OP.QUIT,
    name: "quit",
    verb: "quit",
    args: [],
    remainder: "ignored",
    counter: null,
    replies: [],
    needs: NOTHING,
    summary: "Closes the connection.",
  },
  {
    op: OP.PAUSE_TUBE,
    name: "pause-tube",
    verb: "pause-tube",
    args: ["tube-word", "pause"],
    remainder: "refused",
    counter: "cmd-pause-tube",
    replies: ["PAUSED", "NOT_FOUND"],
    needs: needs("named", "manage"),
    summary: "Stops a tube from handing out jobs for a while.",
  },
  {
    op: OP.DRAIN,
    name: "drain",
    verb: "drain",
    args: [],
    remainder: "refused",
    counter: "cmd-drain",
    replies: ["DRAINING"],
    needs: needs("every", "manage"),
    summary: "Has the whole server refuse puts.",
    isAddition: true,
  },
  {
    op: OP.UNDRAIN,
    name: "undrain",
    verb: "undrain",
    args: [],
    remainder: "refused",
    counter: "cmd-undrain",
    replies: ["NOT_DRAINING"],
    needs: needs("every", "manage"),
    summary: "Has the server take puts again.",
    isAddition: true,
  },
  {
    op: OP.PEEK_RESERVED,
    name: "peek-reserved",
    verb: "peek-reserved",
    args: [],
    remainder: "refused",
    counter: "cmd-peek-reserved",
    replies: ["FOUND <id> <bytes>", "NOT_FOUND"],
    needs: LOOK_INTO_USED,
    summary: "Shows the reserved job of the tube in use that has the smallest id.",
    isAddition: true,
  },
  {
    op: OP.LIST_JOBS,
    name: "list-jobs",
    verb: "list-jobs ",
    args: ["tube-word", "state", "after", "limit"],
    lineBytesMax: 256,
    remainder: "refused",
    counter: "cmd-list-jobs",
    replies: ["OK <bytes>", "NOT_FOUND"],
    needs: needs("named", "look"),
    summary: "Lists the jobs of a tube in one state, a page at a time.",
    isAddition: true,
  },
  {
    op: OP.FLUSH_TUBE,
    name: "flush-tube",
    verb: "flush-tube ",
    args: ["tube"],
    remainder: "refused",
    counter: "cmd-flush-tube",
    replies: ["FLUSHED <count>", "NOT_FOUND"],
    needs: needs("named", "manage"),
    summary: "Deletes every job of a tube, reserved ones too.",
    changesJobs: true,
    writesRecords: true,
    isAddition: true,
  },
  {
    op: OP.PEEK_FAILURE,
    name: "peek-failure",
    verb: "peek-failure ",
    args: ["id"],
    remainder: "refused",
    counter: "cmd-peek-failure",
    replies: ["FOUND <id> <bytes>", "NOT_FOUND"],
    needs: LOOK_AT_JOB,
    summary: "Shows the newest failure message of a job.",
    isAddition: true,
  },
  {
    op: OP.LIST_FAILURES,
    name: "list-failures",
    verb: "list-failures ",
    args: ["id"],
    remainder: "refused",
    counter: "cmd-list-failures",
    replies: ["OK <bytes>", "NOT_FOUND"],
    needs: LOOK_AT_JOB,
    summary: "Lists the attempts at a job that ended without a delete.",
    isAddition: true,
  },
  {
    op: OP.DELETE_BATCH,
    name: "delete-batch",
    verb: "delete-batch ",
    args: ["ids"],
    lineBytesMax: 21_015,
    remainder: "refused",
    counter: "cmd-delete-batch",
    replies: ["DELETED_BATCH <count> <count>"],
    needs: needs("jobs", "reserve", "manage"),
    summary: "Removes many jobs for good.",
    changesJobs: true,
    writesRecords: true,
    isAddition: true,
  },
  {
    op: OP.BATCH,
    name: "batch",
    verb: "batch ",
    args: ["count"],
    remainder: "refused",
    counter: "cmd-batch",
    replies: ["BATCH <count>", "BATCH_REFUSED <index> <reply>"],
    needs: NOTHING,
    summary: "Carries out the commands that follow, so many of them, all or none.",
    writesRecords: true,
    isAddition: true,
  },
  {
    op: OP.FEATURES,
    name: "features",
    verb: "features",
    args: [],
    remainder: "refused",
    counter: "cmd-features",
    replies: ["OK <bytes>"],
    needs: NOTHING,
    summary: "Says what this server knows.",
    isAddition: true,
  },
  {
    op: OP.HAND_BACK,
    name: "hand-back",
    verb: "hand-back ",
    args: ["id", "delay"],
    remainder: "refused",
    counter: "cmd-hand-back",
    replies: ["HANDED_BACK", "BURIED", "NOT_FOUND"],
    needs: WORK_ON_JOB,
    summary: "Gives a held job back as if it had not been taken.",
    changesJobs: true,
    writesRecords: true,
    isAddition: true,
  },
  {
    op: OP.UPDATE_JOB,
    name: "update-job",
    verb: "update-job ",
    args: ["id", "pri"],
    takesDelay: true,
    remainder: "refused",
    counter: "cmd-update-job",
    replies: ["UPDATED", "BURIED", "NOT_FOUND"],
    needs: MANAGE_JOB,
    summary: "Changes the priority and the delay of a job that nobody holds.",
    changesJobs: true,
    writesRecords: true,
    isAddition: true,
  },
  {
    op: OP.CANCEL,
    name: "cancel",
    verb: "cancel ",
    args: ["id"],
    remainder: "refused",
    counter: "cmd-cancel",
    replies: ["CANCELLED", "CANCELLING", "NOT_FOUND"],
    needs: MANAGE_JOB,
    summary: "Removes a job for good, one that somebody holds when that attempt ends.",
    changesJobs: true,
    writesRecords: true,
    isAddition: true,
  },
  {
    op: OP.WINDOW,
    name: "window",
    verb: "window ",
    args: ["n"],
    remainder: "refused",
    counter: "cmd-window",
    replies: ["WINDOW <n>", "OUT_OF_MEMORY"],
    needs: RESERVE,
    summary: "Has jobs sent as they come while this connection holds fewer than so many.",
    isAddition: true,
  },
  {
    op: OP.SET_TUBE,
    name: "set-tube",
    verb: "set-tube ",
    args: ["tube-word", "settings"],
    lineBytesMax: 1024,
    remainder: "refused",
    counter: "cmd-set-tube",
    replies: ["TUBE_SET", "OUT_OF_MEMORY"],
    needs: needs("named", "manage"),
    summary: "Sets limits of a tube, or takes them away.",
    changesJobs: true,
    writesRecords: true,
    isAddition: true,
  },
  {
    op: OP.SESSION,
    name: "session",
    verb: "session",
    args: [],
    remainder: "refused",
    counter: "cmd-session",
    replies: ["SESSION <token>", "OUT_OF_MEMORY"],
    needs: needs("some", "reserve"),
    summary: "Says the token by which others can vouch for this connection.",
    isAddition: true,
  },
  {
    op: OP.VOUCH,
    name: "vouch",
    verb: "vouch ",
    args: ["token", "seconds"],
    remainder: "refused",
    counter: "cmd-vouch",
    replies: ["VOUCHED <count>"],
    needs: needs("some", "reserve"),
    summary: "Has every job that another connection holds stay with it for so long.",
    isAddition: true,
  },
  {
    op: OP.PROGRESS,
    name: "progress",
    verb: "progress ",
    args: ["id", "bytes"],
    remainder: "refused",
    counter: "cmd-progress",
    replies: ["NOTED", "NOT_FOUND", "EXPECTED_CRLF", "JOB_TOO_BIG"],
    needs: WORK_ON_JOB,
    summary: "Leaves a note of how far a held job is, and starts its time to run afresh.",
    isAddition: true,
  },
  {
    op: OP.PEEK_PROGRESS,
    name: "peek-progress",
    verb: "peek-progress ",
    args: ["id"],
    remainder: "refused",
    counter: "cmd-peek-progress",
    replies: ["FOUND <id> <bytes>", "NOT_FOUND"],
    needs: LOOK_AT_JOB,
    summary: "Shows the note that was last left of how far a job is.",
    isAddition: true,
  },
  {
    op: OP.MOVE,
    name: "move",
    verb: "move ",
    args: ["id", "tube-behind"],
    takesFailure: true,
    lineBytesMax: 256,
    remainder: "refused",
    counter: "cmd-move",
    replies: [
      "MOVED",
      "BURIED",
      "TUBE_FULL <limit> <count>",
      "NOT_FOUND",
      "EXPECTED_CRLF",
      "JOB_TOO_BIG",
      "OUT_OF_MEMORY",
    ],
    needs: [...needs("job", "reserve", "manage"), ...needs("named", "put")],
    summary: "Moves a job to another tube, with its attempts and failures.",
    changesJobs: true,
    writesRecords: true,
    isAddition: true,
  },
  {
    op: OP.FINISH,
    name: "finish",
    verb: "finish ",
    args: ["id", "keep", "bytes"],
    remainder: "refused",
    counter: "cmd-finish",
    replies: ["FINISHED", "NOT_FOUND", "EXPECTED_CRLF", "JOB_TOO_BIG"],
    needs: WORK_ON_JOB,
    summary: "Removes a held job for good, and keeps its result for so many seconds.",
    changesJobs: true,
    writesRecords: true,
    isAddition: true,
  },
  {
    op: OP.AWAIT,
    name: "await",
    verb: "await ",
    args: ["id"],
    remainder: "refused",
    counter: "cmd-await",
    replies: ["AWAITING", "NOT_FOUND", "OUT_OF_MEMORY"],
    needs: needs("job", "put", "look"),
    summary: "Has the end of a job told, with its result or its newest failure.",
    isAddition: true,
  },
  {
    op: OP.EXPLAIN,
    name: "explain",
    verb: "explain ",
    args: ["id"],
    remainder: "refused",
    counter: "cmd-explain",
    replies: ["OK <bytes>", "NOT_FOUND"],
    needs: LOOK_AT_JOB,
    summary: "Says why nobody gets a job, and what stands before it.",
    isAddition: true,
  },
  {
    op: OP.CLIENT_NAME,
    name: "client-name",
    verb: "client-name ",
    args: ["client"],
    lineBytesMax: 512,
    remainder: "refused",
    counter: "cmd-client-name",
    replies: ["NAMED"],
    needs: ANYTHING,
    summary: "Says what this client is called, and where it runs, for people.",
    isAddition: true,
  },
  {
    op: OP.AUTH,
    name: "auth",
    verb: "auth ",
    args: ["secret"],
    remainder: "refused",
    counter: "cmd-auth",
    replies: ["AUTHENTICATED", "DENIED"],
    needs: NOTHING,
    summary: "Shows a token, and has from then on the rights that come with it.",
    isAddition: true,
  },
  {
    op: OP.STEP_DOWN,
    name: "step-down",
    verb: "step-down ",
    args: ["n"],
    remainder: "refused",
    counter: "cmd-step-down",
    replies: ["STEPPING_DOWN", "NO_STANDBY", "NO_COPY"],
    needs: needs("every", "manage"),
    summary: "Has another server lead, if at least so many stand by.",
    isAddition: true,
  },
];

/** The operations that change jobs; see `changesJobs`. */
export const CHANGES_JOBS: ReadonlySet<number> = new Set(
  COMMANDS.filter(({ changesJobs }) => changesJobs === true).map(({ op }) => op),
);

/** The operations that write into the journal's ring; see `writesRecords`. */
export const WRITES_RECORDS: ReadonlySet<number> = new Set(
  COMMANDS.filter(({ writesRecords }) => writesRecords === true).map(({ op }) => op),
);

/** The operations that a body always follows. */
export const BRINGS_BODY: ReadonlySet<number> = new Set(
  COMMANDS.filter(({ args }) => args.includes("bytes")).map(({ op }) => op),
);

/** What each operation needs, by its number; an operation that is none needs nothing. */
export const NEEDS: readonly (readonly Need[])[] = Array.from(
  { length: OP_COUNT },
  (_, op) => COMMANDS.find((row) => row.op === op)?.needs ?? NOTHING,
);

/** What a command takes where there are tokens, in words. */
export function rightsOf({ name, needs: all }: CommandRow): string {
  if (name === "batch") return "what each of its commands takes";
  if (all === ANYTHING) return "any right";
  const words = all.map(({ rights, in: place }) => `${rights.join(" or ")} ${PLACES[place]}`);
  return words.length === 0 ? "nothing" : words.join(", and ");
}

const PLACES: Readonly<Record<Place, string>> = {
  used: "in the tube in use",
  watched: "in each watched tube",
  named: "in that tube",
  job: "in the job's tube",
  jobs: "in the tube of each job",
  some: "in any tube",
  every: "in every tube, by the pattern `*`",
};

/** How arguments are written that are not called what they stand for. */
const PLACEHOLDERS: ReadonlyMap<ArgumentName, string> = new Map([
  ["pause", "<delay>"],
  ["tube-word", "<tube>"],
  ["tube-behind", "<tube>"],
  ["ids", "<id>..."],
  ["settings", "<name>=<value> ..."],
  ["client", "<name> [<host> [<pid>]]"],
  ["secret", "<token>"],
] as const);

/**
 * How a command is written, for example `put <pri> <delay> <ttr> <bytes>`; what may be left out
 * stands in brackets.
 */
export function usageOf(command: CommandRow): string {
  const placeholders = command.args.map((arg) => PLACEHOLDERS.get(arg) ?? `<${arg}>`);
  const delay = command.takesDelay === true ? ["[<delay>]"] : [];
  const weight = command.takesWeight === true ? ["[<weight>]"] : [];
  const failure = command.takesFailure === true ? ["[<bytes>]"] : [];
  const tags = command.remainder === "tags" ? ["[<tag>...]"] : [];
  return [command.name, ...placeholders, ...weight, ...delay, ...failure, ...tags].join(" ");
}
