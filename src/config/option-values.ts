/* Option values: the sorts of values that options take: what each looks like in words, and how the
 * words become the value.
 *
 * A declaration in options.ts takes one over as it is. Wrong words make undefined; the message
 * about them is cli/command-line.ts's.
 */
import { SHARDS_MAX } from "../../assembly/constants.ts";
import type { Units } from "../text/control.ts";
import { ADDRESS_FORMS, formatListenAddress, parseListenAddress } from "./listen-address.ts";
import type { ListenAddress } from "./listen-address.ts";
import { TCP } from "./tcp-address.ts";
import type { Option } from "./option.ts";

/** The part of a declaration that is the same for all options of a sort. */
type Sort<Value> = Pick<Option<Value>, "expects" | "parse" | "format">;

/** Bytes of a kibibyte. */
export const KIB = 1024;
/** Bytes of a mebibyte. */
export const MIB = 1_048_576;
/** Bytes of a gibibyte. */
export const GIB = 1_073_741_824;
/** beanstalkd's cap of `-z`: a larger value is lowered to it, with a warning. */
export const JOB_BYTES_MAX = 1_073_741_824;

/** Segments are whole blocks of the file system. */
const BLOCK_BYTES = 4096;
const SEGMENT_BYTES_MIN = MIB;
const SEGMENT_BYTES_MAX = GIB;
/** The permission to write of the owner, the group and all others. */
const ANYBODY_WRITES = 0o222;
/** The number above it says that nothing is changed (chown(2)). */
const GROUP_ID_MAX = 0xffff_fffe;
/** So long that nobody guesses it. */
const TOKEN = /^[\x21-\x7e]{16,256}$/;

/** A whole number from `least` to `most`. */
export function count(least: number, most: number): Sort<number> {
  return {
    expects: `a whole number, ${least} to ${most}`,
    parse: (words) => {
      const value = wholeNumber(last(words));
      return value >= least && value <= most ? value : undefined;
    },
    format: String,
  };
}

/** A number of bytes from `least` to `most`, with or without a unit. */
export function size(least: number, most: number, expects: string): Sort<number> {
  return {
    expects,
    parse: (words, units) => {
      const bytes = units.parseSize(last(words)) ?? Number.NaN;
      return bytes >= least && bytes <= most ? bytes : undefined;
    },
    format: formatSize,
  };
}

/** A duration from `least` to `most` milliseconds. */
export function duration(least: number, most: number, expects: string): Sort<number> {
  return {
    expects,
    parse: (words, units) => {
      const millis = units.parseDuration(last(words)) ?? Number.NaN;
      return millis >= least && millis <= most ? millis : undefined;
    },
    format: (millis, units) => units.formatDuration(millis),
  };
}

/** A duration as above, or Infinity for the word "never". */
export function durationOrNever(least: number, most: number, expects: string): Sort<number> {
  const { parse, format } = duration(least, most, expects);
  return {
    expects: `${expects}, or never`,
    parse: (words, ...rest) => (last(words) === "never" ? Infinity : parse(words, ...rest)),
    format: (millis, units) => (millis === Infinity ? "never" : format(millis, units)),
  };
}

/** One word of a few. */
export function oneOf<Word extends string>(...known: readonly Word[]): Sort<Word> {
  return {
    expects: `${known.slice(0, -1).join(", ")} or ${known.at(-1)}`,
    parse: (words) => known.find((one) => one === last(words)),
    format: String,
  };
}

/** Bytes of the largest body. As beanstalkd does, what is too large is lowered and said. */
export const jobBytes: Sort<number> = {
  expects: "a size such as 65535, 64k or 1MiB",
  parse: (words, units, warn) => {
    const bytes = units.parseSize(last(words));
    if (bytes === undefined || bytes <= JOB_BYTES_MAX) return bytes;
    warn(`maximum job size was set to ${JOB_BYTES_MAX}`);
    return JOB_BYTES_MAX;
  },
  format: formatSize,
};

/** Bytes of a file of the journal: whole blocks, brought within their bounds, which is said. */
export const segmentBytes: Sort<number> = {
  expects: "a size such as 64MiB",
  parse: (words, units, warn) => {
    const bytes = units.parseSize(last(words));
    if (bytes === undefined) return undefined;
    const whole = Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
    const taken = Math.min(Math.max(whole, SEGMENT_BYTES_MIN), SEGMENT_BYTES_MAX);
    if (taken !== whole) warn(`segment size was set to ${taken}`);
    return taken;
  },
  format: formatSize,
};

/** A number of shards. */
export const shardCount: Sort<number> = {
  expects: `a power of two, 1 to ${SHARDS_MAX}`,
  parse: (words) => {
    const value = wholeNumber(last(words));
    const isPower = Number.isInteger(Math.log2(value));
    return isPower && value <= SHARDS_MAX ? value : undefined;
  },
  format: String,
};

/** Where to listen, one or several. */
export const listenAddresses: Sort<readonly ListenAddress[]> = {
  expects: ADDRESS_FORMS,
  parse: (words) => {
    const addresses = words.map(parseListenAddress).filter((one) => one !== undefined);
    return addresses.length === words.length && words.length > 0 ? addresses : undefined;
  },
  format: (addresses) => addresses.map(formatListenAddress).join(","),
};

/** A flag that is there or not; a variable of the environment is 1 or 0. */
export const given: Sort<boolean> = {
  expects: "0 or 1",
  parse: (words) => {
    const times = wholeNumber(last(words));
    return times >= 0 ? times > 0 : undefined;
  },
  format: (isGiven) => (isGiven ? "1" : "0"),
};

/** One address, at which others reach a server. */
export const reachedAddress: Sort<string> = {
  expects: ADDRESS_FORMS,
  parse: (words) => {
    const address = parseListenAddress(last(words));
    return address && formatListenAddress(address);
  },
  format: String,
};

/** A host by name or number. */
export const hostWithoutPort: Sort<string> = {
  expects: "a host name or an IP address, without a port",
  parse: (words) => {
    const address = TCP.parse(last(words));
    return address?.port === undefined ? address?.host : undefined;
  },
  format: String,
};

/** Names of hosts, which become lower case. */
export const hostNames: Sort<readonly string[]> = {
  expects: "a host name",
  parse: (words) => {
    const names = words.filter((word) => word !== "").map((word) => word.toLowerCase());
    return names.every((name) => /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name)) ? names : undefined;
  },
  format: (names) => names.join(","),
};

/** Origins of pages, which become lower case, and * for all. */
export const pageOrigins: Sort<readonly string[]> = {
  expects: "an origin such as https://app.example.org, or *",
  parse: (words) => {
    const origins = words.filter((word) => word !== "").map((word) => word.toLowerCase());
    const isOrigin = (word: string): boolean => /^(\*|[a-z][a-z0-9+.-]*:\/\/[^\s/]+)$/.test(word);
    return origins.every(isOrigin) ? origins : undefined;
  },
  format: (origins) => origins.join(","),
};

/** What somebody has to know. Never shown. */
export const token: Sort<string> & { readonly secret: true } = {
  expects: "16 to 256 letters, digits or other visible ASCII characters",
  secret: true,
  parse: wordLike(TOKEN),
  format: () => "",
};

/** Where a copy of a journal is kept; it may have a password in it. */
export const journalUrl: Sort<string> & { readonly secret: true } = {
  expects: "a url such as postgres://user@host:5432/database",
  secret: true,
  parse: (words) => {
    const word = last(words);
    return /^postgres(?:ql)?:\/\/[^\s\0]+$/.test(word) ? word : undefined;
  },
  format: () => "",
};

/** A path to a directory. */
export const directory: Sort<string> = pathTo("a directory");

/** A path to a file. */
export const file: Sort<string> = pathTo("a file");

function pathTo(expects: string): Sort<string> {
  return {
    expects,
    parse: (words) => {
      const word = last(words);
      return word === "" || word.includes("\0") ? undefined : word;
    },
    format: String,
  };
}

/** Permissions of a socket's file, in octal digits, with which anybody can connect at all. */
export const fileMode: Sort<number> = {
  expects: "three octal digits of which one has the permission to write, such as 660",
  parse: (words) => {
    const word = last(words);
    const mode = /^0?[0-7]{3}$/.test(word) ? Number.parseInt(word, 8) : 0;
    return (mode & ANYBODY_WRITES) === 0 ? undefined : mode;
  },
  format: (mode) => mode.toString(8).padStart(3, "0"),
};

const accountName = wordLike(/^[^\s:/-][^\s:/]*$/);

/** The name or the number of a group of the machine. */
export const groupName: Sort<string> = {
  expects: "a group's name or number",
  parse: (words) => {
    const isNoGroup = /^\d+$/.test(last(words)) && Number(last(words)) > GROUP_ID_MAX;
    return isNoGroup ? undefined : accountName(words);
  },
  format: String,
};

/** The name of a user of the machine. */
export const userName: Sort<string> = {
  expects: "a user name",
  parse: accountName,
  format: String,
};

/** NaN for anything but decimal digits, and for more of them than a number holds exactly. */
export function wholeNumber(word: string): number {
  return /^\d{1,15}$/.test(word) ? Number(word) : Number.NaN;
}

function wordLike(form: RegExp): (words: readonly string[]) => string | undefined {
  return (words) => (form.test(last(words)) ? last(words) : undefined);
}

function formatSize(bytes: number, units: Units): string {
  return units.formatSize(bytes);
}

function last(words: readonly string[]): string {
  return words.at(-1) ?? "";
}
