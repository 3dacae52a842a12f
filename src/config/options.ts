/* Options: everything that a user can set, each declared once.
 *
 * The command line, the environment, `--help` and docs/options.md are all made from OPTIONS below
 * (cli/command-line.ts, toolchain/docs.ts). `Options` is what the rest of the program reads: final
 * units, every range already checked. It is plain data, so it can be posted to a thread.
 */
import {
  FAILURE_BYTES_MAX,
  FAILURES_KEPT,
  FAILURES_KEPT_MAX,
  THREADS_MAX,
} from "../../assembly/constants.ts";
import { COPY_OPTIONS } from "./copy-options.ts";
import type { CopyOptions } from "./copy-options.ts";
import { isForQueue } from "./handed-sockets.ts";
import type { HandedSocket } from "./handed-sockets.ts";
import { completeListenAddress } from "./listen-address.ts";
import type { BoundAddress, ListenAddress } from "./listen-address.ts";
import { JSON_OPTIONS } from "./json-options.ts";
import type { JsonOptions } from "./json-options.ts";
import { OUTBOX_OPTIONS } from "./outbox-options.ts";
import type { OutboxOptions } from "./outbox-options.ts";
import { TLS_OPTIONS } from "./tls-options.ts";
import { TOKEN_OPTIONS } from "./token-options.ts";
import type { TokenOptions } from "./token-options.ts";
import type { TlsOptions } from "./tls-options.ts";
import { UNIX_OPTIONS } from "./unix-options.ts";
import type { UnixOptions } from "./unix-options.ts";
import { WEB_SOCKET_OPTIONS } from "./web-socket-options.ts";
import type { WebSocketOptions } from "./web-socket-options.ts";
import type { Option } from "./option.ts";
import {
  count,
  directory,
  duration,
  durationOrNever,
  GIB,
  hostNames,
  hostWithoutPort,
  jobBytes,
  KIB,
  listenAddresses,
  MIB,
  oneOf,
  segmentBytes,
  shardCount,
  size,
  token,
  userName,
} from "./option-values.ts";

/**
 * What the server runs with. "Absent" is spelled `undefined`, so that a copy of these always has
 * every key.
 */
export interface Options
  extends
    CopyOptions,
    JsonOptions,
    OutboxOptions,
    TlsOptions,
    TokenOptions,
    UnixOptions,
    WebSocketOptions {
  /** Where to listen; the ports are filled in, 0 is any free port. */
  readonly listen: readonly BoundAddress[];
  /** Sockets that are open already, and listened on as well; then there may be no address. */
  readonly handed: readonly HandedSocket[];
  /** Largest body that `put` accepts, in bytes: 0 to JOB_BYTES_MAX. */
  readonly maxJobBytes: number;
  /** Longest failure message that bury and release accept, in bytes: 0 to FAILURE_BYTES_MAX. */
  readonly maxFailureBytes: number;
  readonly maxBatchBytes: number;
  /** Longest result that finish accepts, in bytes. */
  readonly maxResultBytes: number;
  /** Bytes of all results that are kept. */
  readonly maxResultsBytes: number;
  /** Failures that each job keeps, the youngest ones: 0 to FAILURES_KEPT_MAX. */
  readonly failuresKept: number;
  /** I/O threads, 1 to THREADS_MAX; absent means that the server chooses. */
  readonly threads: number | undefined;
  /** Shards, a power of two, 1 to SHARDS_MAX; absent means that the server chooses. */
  readonly shards: number | undefined;
  /**
   * Most memory that all shards together may take, in bytes, with a directory the bodies alone;
   * absent means that the server chooses.
   */
  readonly memoryBytes: number | undefined;
  /**
   * With a directory: most memory that all shards together may take beside bodies, in bytes; absent
   * means a quarter of the machine's, or what bodies leave of it if that is less.
   */
  readonly maxIndexBytes: number | undefined;
  /**
   * 0: only what needs attention; 1: binding, accepting and closing too; 2 and more: commands and
   * replies too.
   */
  readonly verbosity: number;
  /**
   * User name to become, with its group, once the addresses are bound; absent means to stay who we
   * are.
   */
  readonly user: string | undefined;
  /** Most open connections; one above it is closed at once. */
  readonly maxConnections: number;
  /** Most tubes that exist at a time; beyond them use and watch answer OUT_OF_MEMORY. */
  readonly maxTubes: number;
  /** Most tubes that one connection watches; beyond them watch answers OUT_OF_MEMORY. */
  readonly maxWatch: number;
  /** Bytes queued for a connection that does not read; from there on it is not read from either. */
  readonly maxOutputBytes: number;
  /** Most commands of one connection that are run before another connection's turn. */
  readonly commandsPerTurn: number;
  /**
   * Directory that keeps the jobs across restarts; absent means that they live in memory only, and
   * the options below do nothing.
   */
  readonly dataDirectory: string | undefined;
  /**
   * What a reply waits for: written to the operating system; that, and synced by a timer; synced
   * first; that, and on other machines too.
   */
  readonly durability: Durability;
  /** Most milliseconds that something written waits for its sync, at durability "interval". */
  readonly syncIntervalMillis: number;
  /**
   * Length of the files in the directory, in bytes: a multiple of 4096, SEGMENT_BYTES_MIN to
   * SEGMENT_BYTES_MAX.
   */
  readonly segmentBytes: number;
  /** Milliseconds from one writing of the secondary tier to the next; Infinity is never. */
  readonly hintIntervalMillis: number;
  /** What to do about damage to what was safe: go on with what is sound, or refuse to start. */
  readonly recovery: Recovery;
  /** Where the delay and priority that a release gives are kept: as safe as a put, or as hints. */
  readonly releases: Releases;
  /**
   * TCP port of HTTP, 0 is any free port; if absent, there is no HTTP, and the options below do
   * nothing.
   */
  readonly httpPort: number | undefined;
  /** Where to listen for HTTP: a name or a number, without a port. */
  readonly httpListen: string;
  /**
   * Further names by which browsers reach the HTTP port, in lower case; numbers and the loopback's
   * names always do.
   */
  readonly httpHosts: readonly string[];
  /**
   * Who knows this token may see and change everything over HTTP. If this and the next one are
   * absent, everybody may.
   */
  readonly httpToken: string | undefined;
  /** Who knows it may see everything over HTTP. */
  readonly httpReadToken: string | undefined;
  /** Tubes that have a label of their own in the metrics. */
  readonly metricsTubes: number;
}

/** What a reply waits for. */
export type Durability = "os" | "interval" | "sync" | "replicated";
/** What to do about damage. */
export type Recovery = "salvage" | "strict";
/** Where a release's delay and priority are kept. */
export type Releases = "journal" | "hints";

/**
 * `Options` as declared: before `port` has been given to the addresses that name none, and with
 * what was left open still open.
 */
export type Settings = Omit<Options, "listen" | "handed" | "durability"> & {
  readonly listen: readonly ListenAddress[];
  /** Absent if nobody asked for a level; then it is no mistake that there is no directory. */
  readonly durability: Durability | undefined;
  /** TCP port for the addresses that name none; 0 is any free port. */
  readonly port: number;
};

/** Every option, in the order in which help shows them within their category. */
export const OPTIONS: { readonly [Key in keyof Settings]: Option<Settings[Key]> } = {
  listen: {
    name: "listen",
    short: "l",
    category: "Network",
    placeholder: "ADDR",
    help: "listen on this address; may be repeated",
    default: [{ kind: "tcp", host: "127.0.0.1" }],
    list: true,
    ...listenAddresses,
  },
  port: {
    name: "port",
    short: "p",
    category: "Network",
    placeholder: "PORT",
    help: "TCP port of the addresses that name none; 0 is any free port",
    default: 11300,
    ...count(0, 65535),
  },
  ...UNIX_OPTIONS,
  ...TLS_OPTIONS,
  ...TOKEN_OPTIONS,
  ...WEB_SOCKET_OPTIONS,
  httpPort: {
    name: "http-port",
    category: "HTTP",
    placeholder: "PORT",
    help: "serve the dashboard, metrics and health on this port; 0 is any free port",
    default: undefined,
    defaultText: "no HTTP",
    ...count(0, 65535),
  },
  httpListen: {
    name: "http-listen",
    category: "HTTP",
    placeholder: "HOST",
    help: "listen on this address for HTTP; one that is not the loopback's needs a token",
    default: "127.0.0.1",
    ...hostWithoutPort,
  },
  httpHosts: {
    name: "http-host",
    category: "HTTP",
    placeholder: "NAME",
    help: "a name by which browsers reach the HTTP port; may be repeated",
    default: [],
    defaultText: "localhost, the name in --http-listen, and any IP address",
    list: true,
    ...hostNames,
  },
  httpToken: {
    name: "http-token",
    category: "HTTP",
    placeholder: "TOKEN",
    help: "token that HTTP clients must show, with full rights (see --http-read-token); set it in the environment, since a process list shows flags",
    default: undefined,
    defaultText: "none; everybody on the machine is let in",
    ...token,
  },
  httpReadToken: {
    name: "http-read-token",
    category: "HTTP",
    placeholder: "TOKEN",
    help: "token that HTTP clients may show instead, to look and change nothing",
    default: undefined,
    defaultText: "none",
    ...token,
  },
  metricsTubes: {
    name: "metrics-tubes",
    category: "HTTP",
    placeholder: "N",
    help: "number of tubes shown by name in the metrics, those with the most jobs; the others are summed",
    default: 100,
    ...count(0, 10_000),
  },
  ...JSON_OPTIONS,
  maxJobBytes: {
    name: "max-job-size",
    short: "z",
    category: "Engine",
    placeholder: "BYTES",
    help: "largest job body; more than 1073741824 is lowered to that",
    default: 65535,
    ...jobBytes,
  },
  maxFailureBytes: {
    name: "max-failure-size",
    category: "Engine",
    placeholder: "BYTES",
    help: "longest failure message that bury and release take",
    default: 64 * KIB,
    ...size(0, FAILURE_BYTES_MAX, `a size from 0 to ${FAILURE_BYTES_MAX}`),
  },
  maxBatchBytes: {
    name: "max-batch-size",
    category: "Engine",
    placeholder: "BYTES",
    help: "most bytes of bodies and failure messages in one batch",
    default: 16 * MIB,
    ...size(0, GIB, "a size from 0 to 1GiB"),
  },
  maxResultBytes: {
    name: "max-result-size",
    category: "Engine",
    placeholder: "BYTES",
    help: "longest result that finish takes",
    default: MIB,
    ...size(0, 16 * MIB, "a size from 0 to 16MiB"),
  },
  maxResultsBytes: {
    name: "max-results",
    category: "Engine",
    placeholder: "BYTES",
    help: "most bytes of the results that are kept; they count as --memory does, too",
    default: 64 * MIB,
    ...size(0, Number.MAX_SAFE_INTEGER, "a size"),
  },
  failuresKept: {
    name: "keep-failures",
    category: "Engine",
    placeholder: "N",
    help: "failed attempts that each job keeps, the newest; 0 keeps none",
    default: FAILURES_KEPT,
    ...count(0, FAILURES_KEPT_MAX),
  },
  threads: {
    name: "threads",
    category: "Engine",
    placeholder: "N",
    help: "I/O threads",
    default: undefined,
    defaultText: "the processors available, fewer where memory is short",
    ...count(1, THREADS_MAX),
  },
  shards: {
    name: "shards",
    category: "Engine",
    placeholder: "N",
    help: "parts that the tubes are divided among; commands on different parts run at once",
    default: undefined,
    defaultText: "chosen to suit the threads and the memory",
    ...shardCount,
  },
  memoryBytes: {
    name: "memory",
    category: "Engine",
    placeholder: "SIZE",
    help: "most memory that jobs take at a time, whatever their tubes: beyond it put answers OUT_OF_MEMORY, or with --data bodies stay on the disk",
    default: undefined,
    defaultText: "half of what is left beside the process itself",
    ...size(MIB, 256 * GIB, "a size from 1MiB to 256GiB"),
  },
  maxIndexBytes: {
    name: "max-index",
    category: "Durability",
    placeholder: "SIZE",
    help: "most memory that jobs take beside their bodies; beyond it put answers OUT_OF_MEMORY",
    default: undefined,
    defaultText: "a quarter of the machine's memory, or what --memory leaves of it",
    ...size(MIB, 256 * GIB, "a size from 1MiB to 256GiB"),
  },
  dataDirectory: {
    name: "data",
    short: "b",
    category: "Durability",
    placeholder: "DIR",
    help: "keep the jobs in this directory, across restarts and crashes",
    default: undefined,
    defaultText: "in memory only",
    ...directory,
  },
  durability: {
    name: "durability",
    category: "Durability",
    placeholder: "LEVEL",
    help: "what a reply waits for: replicated: synced to the disk and to other machines; sync: synced to the disk; interval: written, and synced soon; os: written",
    default: undefined,
    defaultText: "sync; with --journal, replicated",
    ...oneOf("replicated", "sync", "interval", "os"),
  },
  ...COPY_OPTIONS,
  ...OUTBOX_OPTIONS,
  syncIntervalMillis: {
    name: "sync-interval",
    category: "Durability",
    placeholder: "DURATION",
    help: "most time from a write to its sync at --durability interval",
    default: 50,
    ...duration(1, 3_600_000, "a duration from 1ms to 1h"),
  },
  segmentBytes: {
    name: "segment-size",
    short: "s",
    category: "Durability",
    placeholder: "SIZE",
    help: "length of the journal's files; less than 1MiB is raised to that, more than 1GiB lowered",
    default: 64 * MIB,
    ...segmentBytes,
  },
  hintIntervalMillis: {
    name: "hint-interval",
    category: "Durability",
    placeholder: "DURATION",
    help: "how often counters and pauses are written, with --releases hints also delays and priorities of releases; or never",
    default: 5000,
    ...durationOrNever(100, 86_400_000, "a duration from 100ms to 1d"),
  },
  recovery: {
    name: "recovery",
    category: "Durability",
    placeholder: "MODE",
    help: "what to do with a damaged journal: salvage: report the damage and serve the rest; strict: do not start",
    default: "salvage",
    ...oneOf("salvage", "strict"),
  },
  releases: {
    name: "releases",
    category: "Durability",
    placeholder: "WHERE",
    help: "how safe the delay and priority of a release are: journal: as safe as a put; hints: written every --hint-interval, so a crash may bring back the older ones",
    default: "journal",
    ...oneOf("journal", "hints"),
  },
  maxConnections: {
    name: "max-connections",
    category: "Limits",
    placeholder: "N",
    help: "most open connections; one above it is closed at once",
    // Ten thousand idle ones are an ordinary fleet of workers; at 4 kB each these take 64 MB.
    default: 16384,
    ...count(1, 1_000_000),
  },
  maxTubes: {
    name: "max-tubes",
    category: "Limits",
    placeholder: "N",
    help: "most tubes that exist at a time",
    default: 100_000,
    ...count(1, 16_777_216),
  },
  maxWatch: {
    name: "max-watch",
    category: "Limits",
    placeholder: "N",
    help: "most tubes that one connection watches",
    default: 10_000,
    ...count(1, 1_000_000),
  },
  maxOutputBytes: {
    name: "max-output",
    category: "Limits",
    placeholder: "SIZE",
    help: "queued replies of a connection, beside --memory, at which the server stops reading from it",
    default: MIB,
    ...size(4096, GIB, "a size from 4KiB to 1GiB"),
  },
  commandsPerTurn: {
    name: "commands-per-turn",
    category: "Limits",
    placeholder: "N",
    help: "commands of one connection before others have their turn",
    default: 1024,
    ...count(1, 1_000_000),
  },
  user: {
    name: "user",
    short: "u",
    category: "Process",
    placeholder: "USER",
    help: "become this user and its group once the addresses are bound",
    default: undefined,
    defaultText: "stay the same user",
    ...userName,
  },
  verbosity: {
    name: "verbose",
    short: "V",
    category: "Process",
    help: "log binding, accepting and closing; given twice, commands and replies too",
    default: 0,
    defaultText: "what needs attention only",
    ...count(0, 99),
  },
};

/** What the server runs with when nothing is set. */
export const DEFAULT_OPTIONS: Options = completeOptions(settle((option) => option.default));

/** Settings in which each option has the value that `valueOf` returns for it. */
export function settle(valueOf: (option: Option<unknown>) => unknown): Settings {
  const entries = Object.entries(OPTIONS).map(([key, option]) => [key, valueOf(option)]);
  return Object.fromEntries(entries) as Settings; // OPTIONS has exactly the keys of Settings
}

/**
 * Gives `port` to the addresses that name none, and a durability to who asked for none. Sockets
 * that were handed over stand in the place of the address that nobody asked for.
 */
export function completeOptions(
  { port, listen, durability, httpPort, ...rest }: Settings,
  handed: readonly HandedSocket[] = [],
): Options {
  const isReplaced = listen === OPTIONS.listen.default && handed.some(isForQueue);
  return {
    ...rest,
    listen: isReplaced ? [] : listen.map((one) => completeListenAddress(one, port)),
    handed,
    httpPort: handed.every(isForQueue) ? httpPort : 0,
    durability: durability ?? (rest.journalUrl === undefined ? "sync" : "replicated"),
  };
}
