/* Options: everything that a user can set, each declared once.
 *
 * The command line, the environment, `--help` and docs/options.md are all made from OPTIONS and SWITCHES below (command-line.ts,
 * docs.ts). `Options` is what the rest of the program reads: final units, every range already checked. It is plain data,
 * so it can be posted to a thread.
 */
import { THREADS_MAX } from "../../assembly/constants.ts";
import type { Units } from "./control.ts";
import { formatListenAddress, isLoopback, parseListenAddress } from "./listen-address.ts";
import type { BoundAddress, ListenAddress } from "./listen-address.ts";

/** What the server runs with. "Absent" is spelled `undefined`, so that a copy of these always has every key. */
export interface Options {
  /** Where to listen, at least one address; the ports are filled in, 0 is any free port. */
  readonly listen: readonly BoundAddress[];
  /** Largest body that `put` accepts, in bytes: 0 to JOB_BYTES_MAX. */
  readonly maxJobBytes: number;
  /** I/O threads, 1 to THREADS_MAX; absent means as many as there are processors available. */
  readonly threads: number | undefined;
  /** Shards, a power of two, 1 to SHARDS_MAX; absent means that the server chooses. */
  readonly shards: number | undefined;
  /** Most memory that all shards together may take, in bytes; absent means that the server chooses. */
  readonly memoryBytes: number | undefined;
  /** 0: only what needs attention; 1: binding, accepting and closing too; 2 and more: commands and replies too. */
  readonly verbosity: number;
  /** User name to become, with its group, once the addresses are bound; absent means to stay who we are. */
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
  /** Directory that keeps the jobs across restarts; absent means that they live in memory only, and the options below do nothing. */
  readonly dataDirectory: string | undefined;
  /** What a reply waits for: written to the operating system; that, and synced by a timer; synced first. */
  readonly durability: Durability;
  /** Most milliseconds that something written waits for its sync, at durability "interval". */
  readonly syncIntervalMillis: number;
  /** Length of the files in the directory, in bytes: a multiple of 4096, SEGMENT_BYTES_MIN to SEGMENT_BYTES_MAX. */
  readonly segmentBytes: number;
  /** Milliseconds from one writing of the secondary tier to the next; Infinity is never. */
  readonly hintIntervalMillis: number;
  /** What to do about damage to what was safe: go on with what is sound, or refuse to start. */
  readonly recovery: Recovery;
  /** Whether the delay and priority that a release gives survive a crash as a put does. */
  readonly durableReleases: boolean;
  /** TCP port of HTTP, 0 is any free port; absent: no HTTP, and the options below do nothing. */
  readonly httpPort: number | undefined;
  /** Where to listen for HTTP: a name or a number, without a port. */
  readonly httpListen: string;
  /** Further names by which browsers reach the HTTP port, in lower case; numbers and the loopback's names always do. */
  readonly httpHosts: readonly string[];
  /** Who knows it may see and change everything over HTTP; absent together with the next one: everybody may. */
  readonly httpToken: string | undefined;
  /** Who knows it may see everything over HTTP. */
  readonly httpReadToken: string | undefined;
  /** Tubes that have a label of their own in the metrics. */
  readonly metricsTubes: number;
}

/** What a reply waits for. */
export type Durability = "os" | "interval" | "sync";
/** What to do about damage. */
export type Recovery = "salvage" | "strict";

/** `Options` as declared: before `port` has been given to the addresses that name none, and with what was left open still open. */
export type Settings = Omit<Options, "listen" | "durability"> & {
  readonly listen: readonly ListenAddress[];
  /** Absent: nobody asked, so that without a directory nothing is amiss. */
  readonly durability: Durability | undefined;
  /** TCP port for the addresses that name none; 0 is any free port. */
  readonly port: number;
};

/** beanstalkd's cap of `-z`: a larger value is lowered to it, with a warning. */
export const JOB_BYTES_MAX = 1_073_741_824;
/** Most shards. */
const SHARDS_MAX = 64;

/** What a token looks like; so long that nobody guesses it. */
const TOKEN_FORM = "16 to 256 letters, digits or other visible ASCII characters";
const TOKEN = /^[\x21-\x7e]{16,256}$/;

const MIB = 1_048_576;
const GIB = 1_073_741_824;
/** Segments are whole blocks of the file system. */
const BLOCK_BYTES = 4096;
const SEGMENT_BYTES_MIN = MIB;
const SEGMENT_BYTES_MAX = GIB;

/** One option: a value that can be set by a flag and by a variable of the environment. */
export interface Option<Value> {
  /** Long flag without its dashes. The variable of the environment is HOMEMAKER_ and this in capitals. */
  readonly name: string;
  /** One-letter flag without its dash; those that beanstalkd has mean what they mean there. */
  readonly short?: string;
  /** Heading below which help and docs show the option. */
  readonly category: Category;
  /** What stands for the value in help, for instance "BYTES"; absent: the flag takes no value, the times it is given are counted. */
  readonly placeholder?: string;
  /** One sentence fragment, lower case, without a full stop. */
  readonly help: string;
  readonly default: Value;
  /** The default in words, where the value does not speak for itself. */
  readonly defaultText?: string;
  /** The values there are, in words: docs and the message about a wrong one say "expected" before it. */
  readonly expects: string;
  /** The value is nobody's business: no message shows it. */
  readonly secret?: true;
  /** The flag may be given several times and the variable may hold a list with commas: all count. Otherwise the last one does. */
  readonly list?: true;
  /** The value that the words (one, or all of a list) stand for; undefined if they are wrong. `warn` takes a line for the user. */
  parse(words: readonly string[], units: Units, warn: (line: string) => void): Value | undefined;
  /** The value as a user would write it, for help and docs. */
  format(value: Value, units: Units): string;
}

/** The headings, in the order in which help shows them. */
export const CATEGORIES = [
  "Network",
  "HTTP",
  "Engine",
  "Durability",
  "Limits",
  "Process",
  "Compatibility",
] as const;
/** One of the headings. */
export type Category = (typeof CATEGORIES)[number];

/** Every option, in the order in which help shows them within their category. */
export const OPTIONS: { readonly [Key in keyof Settings]: Option<Settings[Key]> } = {
  listen: {
    name: "listen",
    short: "l",
    category: "Network",
    placeholder: "ADDR",
    help: "listen on this address; may be repeated",
    default: [{ kind: "tcp", host: "127.0.0.1" }],
    expects: "HOST, HOST:PORT, [IPV6]:PORT or unix:PATH",
    list: true,
    parse: listenAddresses,
    format: (addresses) => addresses.map(formatListenAddress).join(","),
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
    expects: "a host name or an IP address, without a port",
    parse: hostWithoutPort,
    format: String,
  },
  httpHosts: {
    name: "http-host",
    category: "HTTP",
    placeholder: "NAME",
    help: "a name by which browsers reach the HTTP port; may be repeated",
    default: [],
    defaultText: "localhost, the name in --http-listen, and any IP address",
    expects: "a host name",
    list: true,
    parse: hostNames,
    format: (names) => names.join(","),
  },
  httpToken: {
    name: "http-token",
    category: "HTTP",
    placeholder: "TOKEN",
    help: "let in over HTTP only who knows this token or the next; a process list shows flags, so better set it in the environment",
    default: undefined,
    defaultText: "on the loopback address everybody is let in",
    expects: TOKEN_FORM,
    secret: true,
    parse: token,
    format: () => "",
  },
  httpReadToken: {
    name: "http-read-token",
    category: "HTTP",
    placeholder: "TOKEN",
    help: "who knows this token may look, over HTTP, and change nothing",
    default: undefined,
    defaultText: "none",
    expects: TOKEN_FORM,
    secret: true,
    parse: token,
    format: () => "",
  },
  metricsTubes: {
    name: "metrics-tubes",
    category: "HTTP",
    placeholder: "N",
    help: "show so many tubes by name in the metrics, those with the most jobs; the others are summed",
    default: 100,
    ...count(0, 10_000),
  },
  maxJobBytes: {
    name: "max-job-size",
    short: "z",
    category: "Engine",
    placeholder: "BYTES",
    help: "largest job body; more than 1073741824 is lowered to that",
    default: 65535,
    ...size(0, Number.MAX_SAFE_INTEGER, "a size such as 65535, 64k or 1MiB"),
    parse: jobBytes,
  },
  threads: {
    name: "threads",
    category: "Engine",
    placeholder: "N",
    help: "I/O threads",
    default: undefined,
    defaultText: "the processors available",
    ...count(1, THREADS_MAX),
  },
  shards: {
    name: "shards",
    category: "Engine",
    placeholder: "N",
    help: "shards that the tubes are spread over",
    default: undefined,
    defaultText: "chosen to suit the threads",
    ...count(1, SHARDS_MAX),
    expects: `a power of two, 1 to ${SHARDS_MAX}`,
    parse: powerOfTwo,
  },
  memoryBytes: {
    name: "memory",
    category: "Engine",
    placeholder: "SIZE",
    help: "most memory for jobs; beyond it put answers OUT_OF_MEMORY",
    default: undefined,
    defaultText: "chosen to suit the machine",
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
    expects: "a directory",
    parse: directory,
    format: String,
  },
  durability: {
    name: "durability",
    category: "Durability",
    placeholder: "LEVEL",
    help: "what a reply waits for: sync: safe on the disk; interval: the system has it, the disk soon; os: the system has it",
    default: undefined,
    defaultText: "sync",
    ...oneOf<Durability>("sync", "interval", "os"),
  },
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
    ...size(0, Number.MAX_SAFE_INTEGER, "a size such as 64MiB"),
    parse: segmentSize,
  },
  hintIntervalMillis: {
    name: "hint-interval",
    category: "Durability",
    placeholder: "DURATION",
    help: "how often counters and the delays and priorities of releases are written down; never: they are not",
    default: 5000,
    expects: "a duration from 100ms to 1d, or never",
    parse: (words, units) =>
      last(words) === "never" ? Infinity : duration(100, 86_400_000, "").parse(words, units),
    format: (millis, units) => (millis === Infinity ? "never" : units.formatDuration(millis)),
  },
  recovery: {
    name: "recovery",
    category: "Durability",
    placeholder: "MODE",
    help: "if what was safe is damaged: salvage: report it and keep all the rest; strict: do not start",
    default: "salvage",
    ...oneOf<Recovery>("salvage", "strict"),
  },
  durableReleases: {
    name: "durable-releases",
    category: "Durability",
    help: "the delay and priority given by release survive a crash too",
    default: false,
    defaultText: "a job comes back with those it had before",
    expects: "0 for no or 1 for yes",
    parse: yesOrNo,
    format: (isOn) => (isOn ? "1" : "0"),
  },
  maxConnections: {
    name: "max-connections",
    category: "Limits",
    placeholder: "N",
    help: "most open connections; one above it is closed at once",
    default: 16384, // ten thousand idle ones are an ordinary fleet of workers; at 12 KiB each these take 192 MiB
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
    help: "replies queued for a connection that does not read, before it is no longer read from",
    default: MIB,
    ...size(4096, GIB, "a size from 4KiB to 1GiB"),
  },
  commandsPerTurn: {
    name: "commands-per-turn",
    category: "Limits",
    placeholder: "N",
    help: "most commands of one connection before another's turn",
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
    expects: "a user name",
    parse: userName,
    format: String,
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

/** A flag that is no option: it prints something, is known only so that it can be answered properly, or spells options in another way. */
export interface Switch {
  readonly short: string;
  readonly name?: string;
  readonly category: Category;
  /** What stands for the flag's value in help; absent: it takes none. */
  readonly placeholder?: string;
  readonly help: string;
  /** version, help: prints it and ends. ignored: a warning, no effect. sets: what `means` says. */
  readonly does: "version" | "help" | "ignored" | "sets";
  /** The values there are, in words, of a flag that sets something. */
  readonly expects?: string;
  /** The options that `word` ("" for a flag without a value) stands for, as if they stood in its place; undefined if it is wrong. */
  means?(word: string): readonly (readonly [option: string, word: string])[] | undefined;
}

const ALWAYS_COMPACT = "accepted with a warning, without effect";

/** Every flag that is not an option. */
export const SWITCHES: readonly Switch[] = [
  {
    short: "v",
    name: "version",
    category: "Process",
    help: "print the version and exit",
    does: "version",
  },
  { short: "h", name: "help", category: "Process", help: "print this help and exit", does: "help" },
  { short: "c", category: "Compatibility", help: ALWAYS_COMPACT, does: "ignored" },
  { short: "n", category: "Compatibility", help: ALWAYS_COMPACT, does: "ignored" },
  {
    short: "f",
    placeholder: "MS",
    category: "Compatibility",
    help: "--durability interval --sync-interval MS, in milliseconds; 0: --durability sync",
    does: "sets",
    expects: "a whole number of milliseconds",
    means: syncEvery,
  },
  {
    short: "F",
    category: "Compatibility",
    help: "--durability os",
    does: "sets",
    means: () => [["durability", "os"]],
  },
];

/** What the server runs with when nothing is set. */
export const DEFAULT_OPTIONS: Options = completeOptions(settle((option) => option.default));

/** Settings in which each option has the value that `valueOf` answers for it. */
export function settle(valueOf: (option: Option<unknown>) => unknown): Settings {
  const entries = Object.entries(OPTIONS).map(([key, option]) => [key, valueOf(option)]);
  return Object.fromEntries(entries) as Settings; // OPTIONS has exactly the keys of Settings
}

/** Gives `port` to the addresses that name none, and a durability to who asked for none. */
export function completeOptions({ port, listen, durability, ...rest }: Settings): Options {
  return {
    ...rest,
    listen: listen.map((one) => (one.kind === "tcp" ? { port, ...one } : one)),
    durability: durability ?? "sync",
  };
}

/** What is wrong with settings that are each right by themselves; undefined if nothing is. */
export function conflictIn(settings: Settings): string | undefined {
  const { dataDirectory, durability } = settings;
  const http = httpConflictIn(settings);
  if (http !== undefined) return http;
  return dataDirectory === undefined && durability !== undefined
    ? "--durability, -f and -F need --data: without a directory jobs live in memory only"
    : undefined;
}

/** What is wrong with the settings of HTTP. */
function httpConflictIn(settings: Settings): string | undefined {
  const { httpPort, httpListen, httpToken, httpReadToken, threads } = settings;
  if (httpPort === undefined) return undefined;
  if (!isLoopback(httpListen) && httpToken === undefined && httpReadToken === undefined) {
    return `--http-listen ${httpListen} can be reached from elsewhere: set --http-token, best by HOMEMAKER_HTTP_TOKEN`;
  }
  if (httpToken !== undefined && httpToken === httpReadToken) {
    return "--http-token and --http-read-token must differ";
  }
  return threads === THREADS_MAX
    ? `--threads: at most ${THREADS_MAX - 1} together with --http-port`
    : undefined;
}

/** The variable of the environment that sets an option: "max-job-size" is HOMEMAKER_MAX_JOB_SIZE. */
export function environmentName(option: { readonly name: string }): string {
  return `HOMEMAKER_${option.name.toUpperCase().replaceAll("-", "_")}`;
}

/** The part of a declaration that is the same for all numbers of a sort. */
interface Sort {
  readonly expects: string;
  parse(words: readonly string[], units: Units): number | undefined;
  format(value: number | undefined, units: Units): string;
}

/** A whole number from `least` to `most`. */
function count(least: number, most: number): Sort {
  const parse = (words: readonly string[]): number | undefined => {
    const value = wholeNumber(words);
    return value >= least && value <= most ? value : undefined;
  };
  return { expects: `a whole number, ${least} to ${most}`, parse, format: String };
}

/** A number of bytes from `least` to `most`, with or without a unit. */
function size(least: number, most: number, expects: string): Sort {
  const parse = (words: readonly string[], units: Units): number | undefined => {
    const bytes = units.parseSize(last(words)) ?? Number.NaN;
    return bytes >= least && bytes <= most ? bytes : undefined;
  };
  return { expects, parse, format: (bytes, units) => units.formatSize(bytes ?? 0) };
}

/** A duration from `least` to `most` milliseconds. */
function duration(least: number, most: number, expects: string): Sort {
  const parse = (words: readonly string[], units: Units): number | undefined => {
    const millis = units.parseDuration(last(words)) ?? Number.NaN;
    return millis >= least && millis <= most ? millis : undefined;
  };
  return { expects, parse, format: (millis, units) => units.formatDuration(millis ?? 0) };
}

/** One word of a few. */
function oneOf<Word extends string>(...known: readonly Word[]) {
  return {
    expects: `${known.slice(0, -1).join(", ")} or ${known.at(-1)}`,
    parse: (words: readonly string[]): Word | undefined => known.find((one) => one === last(words)),
    format: String,
  };
}

function segmentSize(
  words: readonly string[],
  units: Units,
  warn: (line: string) => void,
): number | undefined {
  const bytes = units.parseSize(last(words));
  if (bytes === undefined) return undefined;
  const whole = Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
  const taken = Math.min(Math.max(whole, SEGMENT_BYTES_MIN), SEGMENT_BYTES_MAX);
  if (taken !== whole) warn(`segment size was set to ${taken}`);
  return taken;
}

/** As beanstalkd's -f: 0 syncs each write. */
function syncEvery(word: string): readonly (readonly [string, string])[] | undefined {
  const millis = wholeNumber([word]);
  if (Number.isNaN(millis)) return undefined;
  if (millis === 0) return [["durability", "sync"]];
  return [
    ["durability", "interval"],
    ["sync-interval", `${millis}ms`],
  ];
}

/** How often a flag without a value was given, or what its variable says. */
function yesOrNo(words: readonly string[]): boolean | undefined {
  const value = wholeNumber(words);
  return Number.isNaN(value) ? undefined : value > 0;
}

function directory(words: readonly string[]): string | undefined {
  const word = last(words);
  return word === "" || word.includes("\0") ? undefined : word;
}

function jobBytes(
  words: readonly string[],
  units: Units,
  warn: (line: string) => void,
): number | undefined {
  const bytes = units.parseSize(last(words));
  if (bytes === undefined || bytes <= JOB_BYTES_MAX) return bytes;
  warn(`maximum job size was set to ${JOB_BYTES_MAX}`);
  return JOB_BYTES_MAX;
}

function powerOfTwo(words: readonly string[]): number | undefined {
  const value = wholeNumber(words);
  const isPower = Number.isInteger(Math.log2(value));
  return isPower && value <= SHARDS_MAX ? value : undefined;
}

function listenAddresses(words: readonly string[]): readonly ListenAddress[] | undefined {
  const addresses = words.map(parseListenAddress).filter((one) => one !== undefined);
  return addresses.length === words.length && words.length > 0 ? addresses : undefined;
}

function hostWithoutPort(words: readonly string[]): string | undefined {
  const address = parseListenAddress(last(words));
  return address?.kind === "tcp" && address.port === undefined ? address.host : undefined;
}

function hostNames(words: readonly string[]): readonly string[] | undefined {
  const names = words.filter((word) => word !== "").map((word) => word.toLowerCase());
  return names.every((name) => /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name)) ? names : undefined;
}

function token(words: readonly string[]): string | undefined {
  const word = last(words);
  return TOKEN.test(word) ? word : undefined;
}

function userName(words: readonly string[]): string | undefined {
  const word = last(words);
  return /^[^\s:/-][^\s:/]*$/.test(word) ? word : undefined;
}

/** NaN for anything but decimal digits, and for more of them than a number holds exactly. */
function wholeNumber(words: readonly string[]): number {
  const word = last(words);
  return /^\d{1,15}$/.test(word) ? Number(word) : Number.NaN;
}

function last(words: readonly string[]): string {
  return words.at(-1) ?? "";
}
