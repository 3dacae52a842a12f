/* Everything in which two servers may differ without the fuzzer calling it a mismatch. Nothing else
 * is forgiven.
 *
 * An entry says where it is dealt with: streams that would meet the difference are not generated,
 * or the two replies are compared in a way that leaves it out. That beanstalkd 1.12 prints strings
 * in YAML without quotes is read from test/dialogues/differences.txt, where it stands for the
 * dialogues too.
 */
import { JOB_STATS, SERVER_STATS, TUBE_STATS } from "../../src/protocol/stats.ts";

/** One difference that is known and wanted, or that lies in the nature of two processes. */
export interface KnownDifference {
  readonly reason: string;
  readonly dealtWithIn: "generator.ts" | "unit.ts" | "player.ts" | "comparison.ts";
}

/** All of them by name. */
export const KNOWN_DIFFERENCES = {
  "one BAD_FORMAT for every long line": {
    reason:
      "beanstalkd discards a long line in pieces of 224 bytes; if a piece ends between CR and LF it misses the end of the line and swallows the next one as well",
    dealtWithIn: "unit.ts",
  },
  "a lone CR does not hide the end of its line": {
    reason:
      "beanstalkd looks only at the first CR in its buffer; if no LF follows it, the connection stalls until 224 bytes have come",
    dealtWithIn: "unit.ts",
  },
  "half-uploaded jobs are invisible": {
    reason:
      "beanstalkd shows them (and uninitialised memory) to peek; here no client acts while another one is uploading",
    dealtWithIn: "player.ts",
  },
  "waiting clients are served in the order in which they came": {
    reason:
      "beanstalkd's order is that of an array with swapped deletions; up to three clients that wait on a new tube come out the same",
    dealtWithIn: "generator.ts",
  },
  "the number of reserve-with-timeout": {
    reason:
      "1.12 reads it with strtol and waits for ever at -1, empty and large values; 1.13 and Homemaker refuse them",
    dealtWithIn: "unit.ts",
  },
  "list-tubes is in the order of creation": {
    reason: "beanstalkd moves the last tube into the place of one that vanished",
    dealtWithIn: "comparison.ts",
  },
  "a line of HTTP or TLS closes the connection": {
    reason: "a browser must not be able to smuggle commands in",
    dealtWithIn: "unit.ts",
  },
  "commands of Homemaker's own": {
    reason:
      "beanstalkd does not know them, or takes them for malformed ones of its own; those that change nothing are below, the others in additions.ts",
    dealtWithIn: "comparison.ts",
  },
  "tags behind the bytes of put": {
    reason:
      "beanstalkd answers BAD_FORMAT and reads the body as commands, Homemaker takes the job (additions.ts) or, if a tag is wrong, throws its body away (below)",
    dealtWithIn: "comparison.ts",
  },
  "the length of a failure message behind bury and release": {
    reason: "beanstalkd answers BAD_FORMAT at once, Homemaker takes what follows for the message",
    dealtWithIn: "unit.ts",
  },
  "weights of watched tubes": {
    reason: "beanstalkd answers BAD_FORMAT",
    dealtWithIn: "unit.ts",
  },
  "delays in milliseconds": {
    reason: "beanstalkd answers BAD_FORMAT, and reads the body of such a put as commands",
    dealtWithIn: "unit.ts",
  },
  "more keys in stats": {
    reason:
      "beanstalkd knows nothing of threads, shards and failures, and has no keys behind platform, pause-time-left and kicks",
    dealtWithIn: "comparison.ts",
  },
  "what belongs to the process": {
    reason: "process id, host name, version, random id, CPU time and age are not the same twice",
    dealtWithIn: "comparison.ts",
  },
  "whole seconds that pass": {
    reason:
      "age and time left are truncated at moments that on a busy machine are seconds apart, as are the two starts",
    dealtWithIn: "comparison.ts",
  },
  "the player's own stats commands": {
    reason: "how often it has to ask until something has happened is a matter of speed",
    dealtWithIn: "comparison.ts",
  },
} as const satisfies Record<string, KnownDifference>;

/** Keys under "more keys in stats". */
export const KEYS_OF_ONE_SERVER: ReadonlySet<string> = new Set(
  [SERVER_STATS.slice(51), TUBE_STATS.slice(14), JOB_STATS.slice(14)].flat().map(({ key }) => key),
);

/** Keys of `stats` under "what belongs to the process". */
export const KEYS_OF_THE_PROCESS: ReadonlySet<string> = new Set([
  "pid",
  "version",
  "rusage-utime",
  "rusage-stime",
  "id",
  "hostname",
  "os",
  "platform",
]);

/** Keys under "whole seconds that pass", with how many seconds two servers may be apart. */
export const SECONDS_APART: ReadonlyMap<string, number> = new Map([
  ["uptime", 60],
  ["age", 10],
  ["time-left", 10],
  ["pause-time-left", 10],
]);

/** Input that both servers answer, each in its own way, and that changes nothing. */
export interface Addition {
  /** Its first line is the command. `ID` stands for the id of some job. */
  readonly input: string;
  /** What beanstalkd answers to the first line; to each of the others, UNKNOWN_COMMAND. */
  readonly beanstalkd: "UNKNOWN_COMMAND" | "BAD_FORMAT";
  /** What Homemaker answers to all of it, in one line. */
  readonly homemaker: RegExp;
}

/**
 * Homemaker's own commands, and tags, where neither server has anything else afterwards. Not those
 * that beanstalkd counts as its own: what begins with `reserve` or `stats`, and `delete-batch`,
 * which Homemaker counts as deletes.
 */
export const ADDITIONS: readonly Addition[] = [
  ...["features", "list-jobs default ready 0 10", "list-jobs  default  delayed  0  1"].map(
    (input) => unknown(input, /^OK \d+$/),
  ),
  ...["peek-failure ID", "peek-progress ID", "list-failures ID", "explain ID"].map((input) =>
    unknown(input, /^(?:OK \d+|FOUND \d+ \d+|NOT_FOUND|BAD_FORMAT)$/),
  ),
  unknown("peek-reserved", /^(?:FOUND \d+ \d+|NOT_FOUND)$/),
  unknown("session", /^SESSION [0-9a-f]{32}$/),
  unknown(`vouch ${"0".repeat(32)} 60`, /^VOUCHED 0$/),
  unknown("window 0", /^WINDOW 0$/),
  unknown("client-name mailer web-1 4711", /^NAMED$/),
  unknown("auth hm_x", /^AUTHENTICATED$/),
  unknown("set-tube default jobs= rate=", /^TUBE_SET$/),
  ...[
    "hand-back 9007199254740990 0",
    "hand-back 9007199254740990 5000ms",
    "update-job 9007199254740990 1",
    "update-job 9007199254740990 1 0",
    "cancel 9007199254740990",
    "await 9007199254740990",
    "move 9007199254740990 default",
    "flush-tube nobody",
    "list-jobs nobody ready 0 10",
  ].map((input) => unknown(input, /^NOT_FOUND$/)),
  ...[
    "features x",
    "list-jobs default aside 0 10",
    "list-jobs default ready 0 1001",
    "peek-failure x",
    "peek-progress 1 ",
    "list-failures 18446744073709551616",
    "explain ",
    "explain 1x",
    "session x",
    "vouch 0 60",
    "client-name mailer web-1 0",
    "window 1001",
    "window -1",
    "set-tube default jobs=x",
    "set-tube default",
    "set-tube default jobs=1 jobs=",
    "set-tube a:b jobs=1",
    "delete-batch 1 x",
    "hand-back 1",
    "update-job 1",
    "cancel 1 2",
    "await x",
    "flush-tube a:b",
    "drain x",
    "undrain x",
  ].map((input) => unknown(input, /^BAD_FORMAT$/)),
  unknown("batch 1\r\nhand-back 9007199254740990 0", /^BATCH_REFUSED 1 NOT_FOUND$/),
  unknown("batch 2\r\nfeatures\r\nsession", /^BATCH_REFUSED 1 BAD_FORMAT$/),
  ...[
    "finish 9007199254740990 5 0",
    "progress 9007199254740990 0",
    "move 9007199254740990 a 0",
  ].map((line) => unknown(`${line}\r\n`, /^NOT_FOUND$/)),
  ...[
    "idp:",
    "con:a:0",
    "exp:0",
    "max:x",
    "ack:disk",
    "fair::1",
    "grp:a:b",
    "aft:-a",
    "idp:a max:",
  ].map((tags): Addition => ({
    input: `put 0 0 600 0 ${tags}\r\n`,
    beanstalkd: "BAD_FORMAT",
    homemaker: /^BAD_FORMAT$/,
  })),
];

function unknown(input: string, homemaker: RegExp): Addition {
  return { input, beanstalkd: "UNKNOWN_COMMAND", homemaker };
}
