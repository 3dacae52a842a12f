/* Grammar: what beanstalkd 1.13 makes of a line, said a second time and in another way, with
 * regular expressions and BigInt.
 *
 * The property in line.test.ts compares the parser with this. It is written from the behaviour of
 * the original, not from the table of commands, so that a slip in the table shows. Lines are texts
 * of which each character is one byte.
 */

import { OP } from "../../src/protocol/commands.ts";

/** What a line means: the operation, and those fields of a Command that the operation has. */
export interface Meaning {
  readonly op: number;
  readonly fields: Readonly<Record<string, number | boolean | string>>;
}

type Rest = (rest: string) => Meaning["fields"] | undefined;

const U32 = 2n ** 32n;
const U64 = 2n ** 64n;
const NAME = "[A-Za-z0-9\\-+/;.$_()]+";

/** A u64 as the parser gives it: 0 for what cannot be counted exactly. */
function idOf(digits: string): number | undefined {
  const value = BigInt(digits);
  if (value >= U64) return undefined;
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : 0;
}

function u32Of(digits: string): number | undefined {
  const value = BigInt(digits);
  return value < U32 ? Number(value) : undefined;
}

/** A number, or thousandths if it ends so. */
function secondsOf(word: string): number | undefined {
  const value = u32Of(word.replace("ms", ""));
  return word.endsWith("ms") && value !== undefined ? value / 1000 : value;
}

/** Arguments that are all numbers, in this order; the first is an id if it is called so. */
function numbers(names: readonly string[], tail = ""): Rest {
  const words = names.map((name) => (name === "delay" ? "(\\d+(?:ms)?)" : "(\\d+)"));
  const pattern = new RegExp(`^ *${words.join(" +")}${tail}$`, "s");
  return (rest) => {
    const match = pattern.exec(rest);
    if (match === null) return undefined;
    const fields: Record<string, number | boolean> = { garbage: false };
    for (const [index, name] of names.entries()) {
      const digits = match[index + 1] ?? "";
      const value = name === "id" ? idOf(digits) : secondsOf(digits);
      if (value === undefined) return undefined;
      fields[name] = value;
    }
    if (tail !== "") fields["garbage"] = match[names.length + 1] !== "";
    return fields;
  };
}

/**
 * As numbers, and perhaps the length of a failure message behind them: beanstalkd does not know
 * that.
 */
function failing(names: readonly string[]): Rest {
  const [plain, saying] = [numbers(names), numbers([...names, "bytes"])];
  return (rest) => {
    const fields = plain(rest);
    if (fields !== undefined) return { ...fields, hasFailure: false };
    const said = saying(rest);
    return said && { ...said, hasFailure: true };
  };
}

/** As numbers, and perhaps a delay behind them. */
function delaying(names: readonly string[]): Rest {
  const [plain, told] = [numbers(names), numbers([...names, "delay"])];
  return (rest) => {
    const fields = plain(rest);
    if (fields !== undefined) return { ...fields, hasDelay: false };
    const all = told(rest);
    return all && { ...all, hasDelay: true };
  };
}

const nothing: Rest = (rest) => (rest === "" ? { garbage: false } : undefined);
const anything: Rest = () => ({ garbage: false });

const tube: Rest = (rest) =>
  new RegExp(`^(?!-)${NAME}$`).test(rest) && rest.length <= 200
    ? { name: rest, garbage: false }
    : undefined;

/** A tube's name and perhaps a weight, which beanstalkd does not know. */
const weighted: Rest = (rest) => {
  const [, name = "", digits = "1"] = /^([^ ]*)(?: (\d+))?$/.exec(rest) ?? [];
  const weight = Number(digits);
  const fields = weight >= 1 && weight <= 9999 ? tube(name) : undefined;
  return fields && { ...fields, weight };
};

const mode: Rest = (rest) =>
  ["fifo", "weighted", "weighted-fair"].includes(rest) ? { mode: rest, garbage: false } : undefined;

const pause: Rest = (rest) => {
  const [, name = "", digits = ""] = new RegExp(`^ *(${NAME}) +(\\d+)$`).exec(rest) ?? [];
  const length = digits === "" ? undefined : u32Of(digits);
  if (length === undefined) return undefined;
  return { name, pause: length, garbage: name.startsWith("-") || name.length > 200 };
};

const timeout: Rest = (rest) => {
  const [, digits] = /^ *(\d+)/.exec(rest) ?? [];
  if (digits === undefined || BigInt(digits) >= 2n ** 31n) return undefined;
  return { timeout: Number(digits), garbage: false };
};

const bound: Rest = (rest) => {
  const [, sign, digits] = /^[ \t\n\v\f\r]*([+-]?)(\d+)/.exec(rest) ?? [];
  if (digits === undefined || BigInt(digits) >= U64) return undefined;
  const value = BigInt.asUintN(32, sign === "-" ? -BigInt(digits) : BigInt(digits));
  return { bound: Number(value), garbage: false };
};

const movement: Rest = (rest) => {
  const pattern = new RegExp(`^ *(\\d+) +(${NAME})(?: +(\\d+))?$`);
  const [, digits = "", name = "", length] = pattern.exec(rest) ?? [];
  const id = digits === "" ? undefined : idOf(digits);
  const bytes = length === undefined ? undefined : u32Of(length);
  if (id === undefined || (length !== undefined && bytes === undefined)) return undefined;
  const garbage = name.startsWith("-") || name.length > 200;
  return {
    id,
    name,
    garbage,
    hasFailure: bytes !== undefined,
    ...(bytes !== undefined && { bytes }),
  };
};

const STATES = ["ready", "reserved", "delayed", "buried"];

const listing: Rest = (rest) => {
  const pattern = new RegExp(`^ *(${NAME}) +([a-z]+) +(\\d+) +(\\d+)$`);
  const [, name = "", state = "", after = "", limit = ""] = pattern.exec(rest) ?? [];
  if (!STATES.includes(state) || BigInt(after) >= U64) return undefined;
  if (BigInt(limit) < 1n || BigInt(limit) > 1000n) return undefined;
  const exact =
    BigInt(after) > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(after);
  const garbage = name.startsWith("-") || name.length > 200;
  return { name, state: STATES.indexOf(state) + 1, after: exact, limit: Number(limit), garbage };
};

const vouch: Rest = (rest) => {
  const [, token = "", digits = ""] = /^ *([0-9a-f]{32}) +(\d+)$/.exec(rest) ?? [];
  if (token === "" || BigInt(digits) < 1n || BigInt(digits) > 3600n) return undefined;
  return { token, seconds: Number(digits), garbage: false };
};

const client: Rest = (rest) => {
  const [name = "", ...others] = rest.split(" ").filter((word) => word !== "");
  const [host = "", digits = "1", tooMuch] = others;
  const isPid = /^\d{1,10}$/.test(digits) && Number(digits) >= 1 && BigInt(digits) < U32;
  const isWord = (word: string): boolean => /^[\x21-\x7e]*$/.test(word) && word.length <= 200;
  const isWrong = name === "" || tooMuch !== undefined || rest.endsWith(" ");
  if (isWrong || !isPid || ![name, host].every(isWord)) return undefined;
  return {
    client: `${name}\n${host}\n${others[1] === undefined ? "" : Number(digits)}`,
    garbage: false,
  };
};

const window: Rest = (rest) => {
  const [, digits] = /^ *(\d+)$/.exec(rest) ?? [];
  if (digits === undefined || BigInt(digits) > 1000n) return undefined;
  return { n: Number(digits), garbage: false };
};

/** The least and the most that each setting takes. */
const SETTINGS: Readonly<Record<string, readonly [least: bigint, most: bigint]>> = {
  jobs: [0n, U32 - 1n],
  bytes: [0n, 2n ** 53n - 1n],
  body: [0n, U32 - 1n],
  rate: [1n, U32 - 1n],
  burst: [1n, U32 - 1n],
  reserved: [1n, U32 - 1n],
  order: [0n, 1n],
  exp: [1n, U32 - 1n],
  max: [1n, U32 - 1n],
  ack: [1n, 4n],
};

/** What a setting of that name is set to by a text; -1 takes it away. */
function settingOf(name: string, text: string): number | undefined {
  if (text === "") return -1;
  if (name === "order") return { priority: 0, fair: 1 }[text];
  if (name === "ack") return { memory: 1, os: 2, interval: 3, sync: 4 }[text];
  const [, digits, , unit] = /^(\d+)(\/([smh]))?$/.exec(text) ?? [];
  const range = SETTINGS[name];
  if (digits === undefined || range === undefined) return undefined;
  if ((name === "rate") !== (unit !== undefined)) return undefined;
  const [least, most] = range;
  if (BigInt(digits) < least || BigInt(digits) > most) return undefined;
  return unit === undefined ? Number(digits) : 4 * Number(digits) + "smh".indexOf(unit);
}

/** A tube's name in 34 pieces of six bytes: -2 where nothing is said of it, -1 behind its end. */
function piecesOf(name: string | undefined): readonly number[] {
  if (name === undefined) return Array.from({ length: 34 }, () => -2);
  return Array.from({ length: 34 }, (_, at) => {
    const piece = Buffer.from(name.slice(6 * at, 6 * at + 6));
    return piece.length === 0 ? -1 : piece.readUIntLE(0, piece.length);
  });
}

const settings: Rest = (rest) => {
  const [, name = "", words = ""] = new RegExp(`^ *(${NAME})((?: +[^ ]+)+)$`, "s").exec(rest) ?? [];
  const found = new Map<string, number>();
  let dead: string | undefined;
  for (const word of words.split(/ +/).slice(1)) {
    const [, key = "", text = ""] = /^([a-z]+)=(.*)$/s.exec(word) ?? [];
    if (key === "dead") {
      if (dead !== undefined || !new RegExp(`^(?:(?!-)${NAME})?$`).test(text) || text.length > 200)
        return undefined;
      dead = text;
      continue;
    }
    const value = SETTINGS[key] === undefined || found.has(key) ? undefined : settingOf(key, text);
    if (value === undefined) return undefined;
    found.set(key, value);
  }
  if (found.size === 0 && dead === undefined) return undefined;
  const values = Object.keys(SETTINGS).map((key) => found.get(key) ?? -2);
  if (dead === name) return undefined;
  return {
    name,
    settings: [...values, ...piecesOf(dead)].join(","),
    garbage: name.startsWith("-") || name.length > 200,
  };
};

const VERBS: readonly (readonly [string, number, Rest])[] = [
  ["put ", OP.PUT, numbers(["pri", "delay", "ttr", "bytes"], "(?!\\d)(.*)")],
  ["peek ", OP.PEEK, numbers(["id"])],
  ["peek-ready", OP.PEEK_READY, nothing],
  ["peek-delayed", OP.PEEK_DELAYED, nothing],
  ["peek-buried", OP.PEEK_BURIED, nothing],
  ["reserve-with-timeout ", OP.RESERVE_WITH_TIMEOUT, timeout],
  ["reserve-job ", OP.RESERVE_JOB, numbers(["id"])],
  ["reserve", OP.RESERVE, nothing],
  ["delete ", OP.DELETE, numbers(["id"])],
  ["release ", OP.RELEASE, failing(["id", "pri", "delay"])],
  ["bury ", OP.BURY, failing(["id", "pri"])],
  ["kick ", OP.KICK, bound],
  ["kick-job ", OP.KICK_JOB, numbers(["id"])],
  ["touch ", OP.TOUCH, numbers(["id"])],
  ["stats-job ", OP.STATS_JOB, numbers(["id"])],
  ["stats-tube ", OP.STATS_TUBE, tube],
  ["stats", OP.STATS, nothing],
  ["use ", OP.USE, tube],
  ["watch ", OP.WATCH, weighted],
  ["ignore ", OP.IGNORE, tube],
  ["list-tubes-watched", OP.LIST_TUBES_WATCHED, nothing],
  ["list-tube-used", OP.LIST_TUBE_USED, nothing],
  ["list-tubes", OP.LIST_TUBES, nothing],
  ["quit", OP.QUIT, anything],
  ["pause-tube", OP.PAUSE_TUBE, pause],
];

const count: Rest = (rest) => {
  const [, digits = "0"] = /^ *(\d+)$/.exec(rest) ?? [];
  const value = BigInt(digits);
  return value >= 1n && value <= 1000n ? { count: Number(value), garbage: false } : undefined;
};

const ids: Rest = (rest) => {
  const words = rest.split(/[ \t\n\v\f]+/).filter((word) => word !== "");
  const found = words.map((word) => (/^\d+$/.test(word) ? idOf(word) : undefined));
  if (found.length < 1 || found.length > 1000 || found.includes(undefined)) return undefined;
  return { ids: found.join(" "), garbage: false };
};

/** A token is whatever stands there. */
const secret: Rest = (rest) => (rest === "" ? undefined : { secret: rest, garbage: false });

/** What Homemaker knows besides, and beanstalkd takes for one of its own that is malformed. */
const LOOKALIKES: typeof VERBS = [
  ["reserve-batch ", OP.RESERVE_BATCH, count],
  ["reserve-mode ", OP.RESERVE_MODE, mode],
  ["stats-group ", OP.STATS_GROUP, tube],
];

/** What Homemaker knows besides. */
const ADDITIONS: typeof VERBS = [
  ["drain", OP.DRAIN, nothing],
  ["undrain", OP.UNDRAIN, nothing],
  ["peek-reserved", OP.PEEK_RESERVED, nothing],
  ["list-jobs ", OP.LIST_JOBS, listing],
  ["flush-tube ", OP.FLUSH_TUBE, tube],
  ["peek-failure ", OP.PEEK_FAILURE, numbers(["id"])],
  ["list-failures ", OP.LIST_FAILURES, numbers(["id"])],
  ["delete-batch ", OP.DELETE_BATCH, ids],
  ["features", OP.FEATURES, nothing],
  ["hand-back ", OP.HAND_BACK, numbers(["id", "delay"])],
  ["update-job ", OP.UPDATE_JOB, delaying(["id", "pri"])],
  ["cancel ", OP.CANCEL, numbers(["id"])],
  ["window ", OP.WINDOW, window],
  ["set-tube ", OP.SET_TUBE, settings],
  ["session", OP.SESSION, nothing],
  ["vouch ", OP.VOUCH, vouch],
  ["progress ", OP.PROGRESS, numbers(["id", "bytes"])],
  ["peek-progress ", OP.PEEK_PROGRESS, numbers(["id"])],
  ["explain ", OP.EXPLAIN, numbers(["id"])],
  ["client-name ", OP.CLIENT_NAME, client],
  ["auth ", OP.AUTH, secret],
  ["step-down ", OP.STEP_DOWN, window],
  ["batch ", OP.BATCH, count],
  ["move ", OP.MOVE, movement],
  ["finish ", OP.FINISH, numbers(["id", "keep", "bytes"])],
  ["await ", OP.AWAIT, numbers(["id"])],
];

/** Every verb of beanstalkd's, as it must stand at the beginning of a line. */
export const BEANSTALKD_VERBS: readonly string[] = VERBS.map(([verb]) => verb);
/** The verbs that beanstalkd takes for malformed ones of its own. */
export const LOOKALIKE_VERBS: readonly string[] = LOOKALIKES.map(([verb]) => verb);
/** Every verb: those, beanstalkd's, then Homemaker's own. */
export const VERB_TEXTS: readonly string[] = [...LOOKALIKES, ...VERBS, ...ADDITIONS].map(
  ([verb]) => verb,
);

/**
 * What beanstalkd makes of a line, given without its CRLF; for an addition, what Homemaker makes of
 * it.
 */
export function meaningOf(line: string): Meaning {
  // No byte of either kind belongs in a line.
  if (/[\0\r]/u.test(line)) return { op: OP.BAD_FORMAT, fields: {} };
  const found = [...LOOKALIKES, ...VERBS, ...ADDITIONS].find(([verb]) => line.startsWith(verb));
  if (found === undefined) return { op: OP.UNKNOWN_COMMAND, fields: {} };
  const [verb, op, read] = found;
  const fields = read(line.slice(verb.length));
  return fields === undefined ? { op: OP.BAD_FORMAT, fields: {} } : { op, fields };
}
