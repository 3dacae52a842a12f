/* Options: everything that a user can set, each declared once.
 *
 * The command line, the environment, `--help` and docs/options.md are all made from OPTIONS and SWITCHES below (command-line.ts,
 * docs.ts). `Options` is what the rest of the program reads: final units, every range already checked. It is plain data,
 * so it can be posted to a thread.
 */
import { THREADS_MAX } from "../../assembly/constants.ts";
import type { Units } from "./control.ts";
import { formatListenAddress, parseListenAddress } from "./listen-address.ts";
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
}

/** `Options` as declared: before `port` has been given to the addresses that name none. */
export type Settings = Omit<Options, "listen"> & {
  readonly listen: readonly ListenAddress[];
  /** TCP port for the addresses that name none; 0 is any free port. */
  readonly port: number;
};

/** beanstalkd's cap of `-z`: a larger value is lowered to it, with a warning. */
export const JOB_BYTES_MAX = 1_073_741_824;
/** Most shards. */
const SHARDS_MAX = 64;

const MIB = 1_048_576;
const GIB = 1_073_741_824;

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
  /** The flag may be given several times and the variable may hold a list with commas: all count. Otherwise the last one does. */
  readonly list?: true;
  /** The value that the words (one, or all of a list) stand for; undefined if they are wrong. `warn` takes a line for the user. */
  parse(words: readonly string[], units: Units, warn: (line: string) => void): Value | undefined;
  /** The value as a user would write it, for help and docs. */
  format(value: Value, units: Units): string;
}

/** The headings, in the order in which help shows them. */
export const CATEGORIES = ["Network", "Engine", "Limits", "Process", "Compatibility"] as const;
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

/** A flag that sets nothing: it prints something, or is known only so that it can be answered properly. */
export interface Switch {
  readonly short: string;
  readonly name?: string;
  readonly category: Category;
  /** The flag has a value, which is read over. */
  readonly placeholder?: string;
  readonly help: string;
  /**
   * version, help: prints it and ends. ignored: a warning, no effect.
   * refused: ends the program, because running without what it asks for would be worse.
   */
  readonly does: "version" | "help" | "ignored" | "refused";
}

const NO_JOURNAL = "refused: this version has no journal, jobs live in memory";
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
  { short: "b", placeholder: "DIR", category: "Compatibility", help: NO_JOURNAL, does: "refused" },
  { short: "f", placeholder: "MS", category: "Compatibility", help: NO_JOURNAL, does: "refused" },
  { short: "F", category: "Compatibility", help: NO_JOURNAL, does: "refused" },
  {
    short: "s",
    placeholder: "BYTES",
    category: "Compatibility",
    help: NO_JOURNAL,
    does: "refused",
  },
];

/** What the server runs with when nothing is set. */
export const DEFAULT_OPTIONS: Options = completeOptions(settle((option) => option.default));

/** Settings in which each option has the value that `valueOf` answers for it. */
export function settle(valueOf: (option: Option<unknown>) => unknown): Settings {
  const entries = Object.entries(OPTIONS).map(([key, option]) => [key, valueOf(option)]);
  return Object.fromEntries(entries) as Settings; // OPTIONS has exactly the keys of Settings
}

/** Gives `port` to the addresses that name none. */
export function completeOptions({ port, listen, ...rest }: Settings): Options {
  return { ...rest, listen: listen.map((one) => (one.kind === "tcp" ? { port, ...one } : one)) };
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
