/* TubeSettings: the one table of what can be set for a tube, and the reader and the writer of its
 * values.
 *
 *   set-tube mails jobs=1000 body=
 *                  |    |    |
 *                  name |    with nothing behind it: taken away
 *                       value
 *
 * The parser, `stats-tube`, HTTP, the shell and the protocol reference read this table; nothing
 * else lists the settings.
 */

import * as C from "../../assembly/constants.ts";
import { asciiBytes } from "./ascii.ts";
import { ACK_LEVELS, ackLevelOf } from "./tags.ts";
import { isTubeNameText } from "./tube-name.ts";

/** One row of the table. */
export interface SettingRow {
  /** Its number in the engine: SETTING_* of assembly/constants.ts. */
  readonly number: number;
  /** How many values the engine has it in, from that number on. */
  readonly width: number;
  /** What stands before the `=`. */
  readonly name: string;
  /** What stands behind it. */
  readonly form: string;
  /** Whether its value may look like a number and is none. */
  readonly isText: boolean;
  /** Which values it takes, in words. */
  readonly range: string;
  /** What a text, which is not empty, stands for in the engine; undefined for nothing. */
  readonly read: (text: string) => readonly number[] | undefined;
  /** The other way round. */
  readonly show: (values: readonly number[]) => string;
  /** One line for people. */
  readonly summary: string;
}

const U32_MAX = 0xffff_ffff;
/** Units of a rate, by what stands for them. */
const RATE_UNITS: ReadonlyMap<string, number> = new Map([
  ["s", C.RATE_SECOND],
  ["m", C.RATE_MINUTE],
  ["h", C.RATE_HOUR],
]);

/** Orders, by their names. */
const ORDERS: ReadonlyMap<string, number> = new Map([
  ["priority", C.ORDER_PRIORITY],
  ["fair", C.ORDER_FAIR],
]);

/** A row whose value is a whole number. */
function numeric(
  number: number,
  name: string,
  least: number,
  most: number,
  summary: string,
): SettingRow {
  return single({
    number,
    name,
    form: "<n>",
    range: `${least} to ${most}`,
    read: (text) => readNumber(text, least, most),
    show: String,
    summary,
  });
}

/** A row that the engine has in one value. */
type SingleRow = Omit<SettingRow, "width" | "isText" | "read" | "show"> & {
  readonly read: (text: string) => number | undefined;
  readonly show: (value: number) => string;
};

function single({ read, show, ...row }: SingleRow): SettingRow {
  return {
    ...row,
    width: 1,
    isText: false,
    read: (text) => {
      const value = read(text);
      return value === undefined ? undefined : [value];
    },
    show: ([value = C.NOT_SET]) => show(value),
  };
}

function readNumber(text: string, least: number, most: number): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

function readRate(text: string): number | undefined {
  const [, digits = "", letter = ""] = /^(\d+)\/([smh])$/.exec(text) ?? [];
  const jobs = readNumber(digits, 1, U32_MAX);
  const unit = RATE_UNITS.get(letter);
  return jobs === undefined || unit === undefined ? undefined : jobs * C.RATE_UNITS + unit;
}

function showRate(value: number): string {
  const unit = value % C.RATE_UNITS;
  const [letter = ""] = [...RATE_UNITS].find(([, one]) => one === unit) ?? [];
  return `${(value - unit) / C.RATE_UNITS}/${letter}`;
}

/** The name of a tube as the engine has it: some bytes of it in each value. */
function readTube(text: string): readonly number[] | undefined {
  if (!isTubeNameText(text)) return undefined;
  return Array.from({ length: C.DEAD_PIECES }, (_, piece) => {
    const from = piece * C.DEAD_PIECE_BYTES;
    const bytes = asciiBytes(text.slice(from, from + C.DEAD_PIECE_BYTES));
    return bytes.length === 0 ? C.NOT_SET : bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  });
}

function showTube(values: readonly number[]): string {
  let name = "";
  for (const value of values) {
    for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) {
      name += String.fromCharCode(rest % 256);
    }
  }
  return name;
}

/** Every setting, in the order in which they are shown. */
export const TUBE_SETTINGS: readonly SettingRow[] = [
  numeric(
    C.SETTING_JOBS,
    "jobs",
    0,
    U32_MAX,
    "Most jobs in the tube, in all states; a put beyond that gets TUBE_FULL.",
  ),
  numeric(
    C.SETTING_BYTES,
    "bytes",
    0,
    Number.MAX_SAFE_INTEGER,
    "Most bytes of their bodies together; a put beyond that gets TUBE_FULL.",
  ),
  numeric(
    C.SETTING_BODY,
    "body",
    0,
    U32_MAX,
    "Longest body, in bytes; a put of a longer one gets JOB_TOO_BIG.",
  ),
  single({
    number: C.SETTING_RATE,
    name: "rate",
    form: "<n>/<unit>",
    range: `1 to ${U32_MAX}; the unit is s, m or h`,
    read: readRate,
    show: showRate,
    summary: "How many jobs are handed out in which time.",
  }),
  numeric(
    C.SETTING_BURST,
    "burst",
    1,
    U32_MAX,
    "How many of these at once; unless it is set, as many as in a second, and at least one.",
  ),
  numeric(C.SETTING_RESERVED, "reserved", 1, U32_MAX, "Most jobs that are held at once."),
  single({
    number: C.SETTING_ORDER,
    name: "order",
    form: "<order>",
    range: "priority or fair",
    read: (text) => ORDERS.get(text),
    show: (value) => [...ORDERS].find(([, one]) => one === value)?.[0] ?? "",
    summary:
      "Whether jobs of one priority go by their ids, or each key of the tag `fair` gets its share.",
  }),
  numeric(
    C.SETTING_EXP,
    "exp",
    1,
    U32_MAX,
    "Seconds that a job may live which is put later without the tag `exp`.",
  ),
  numeric(
    C.SETTING_MAX,
    "max",
    1,
    U32_MAX,
    "Attempts that one may have which is put later without the tag `max`.",
  ),
  single({
    number: C.SETTING_ACK,
    name: "ack",
    form: "<level>",
    range: "memory, os, interval, sync or replicated, no more than the server promises",
    read: (text) => (ACK_LEVELS.includes(text) ? ackLevelOf(text) : undefined),
    show: (value) => ACK_LEVELS[value - 1] ?? "",
    summary: "What replies about one wait for which is put later without the tag `ack`.",
  }),
  {
    number: C.SETTING_DEAD,
    width: C.DEAD_PIECES,
    name: "dead",
    form: "<tube>",
    isText: true,
    range: "a tube name, not its own",
    read: readTube,
    show: showTube,
    summary: "The tube that jobs go to whose time is over, or that have had all their attempts.",
  },
];

const ROWS: ReadonlyMap<string, SettingRow> = new Map(TUBE_SETTINGS.map((row) => [row.name, row]));

/** What a set-tube says, the values of each setting from its number on; NOT_SET takes it away. */
export class TubeSettings {
  readonly values = new Float64Array(C.SETTINGS).fill(C.AS_IT_IS);

  /** Nothing is said. */
  clear(): void {
    this.values.fill(C.AS_IT_IS);
  }

  /** Whether something is to be set, and not only taken away. */
  get setsAny(): boolean {
    return this.values.some((value) => value >= 0);
  }

  /** Reads one word `name=value`; false if it is none, its value is wrong, or it comes again. */
  read(word: string): boolean {
    const sign = word.indexOf("=");
    const row = ROWS.get(word.slice(0, Math.max(0, sign)));
    if (row === undefined || this.values[row.number] !== C.AS_IT_IS) return false;
    const text = word.slice(sign + 1);
    if (text === "") this.values.fill(C.NOT_SET, row.number, row.number + row.width);
    else {
      const values = row.read(text);
      if (values === undefined) return false;
      this.values.set(values, row.number);
    }
    return true;
  }

  /** Whether the tube's dead jobs are to go to where they are: no tube can have that. */
  leadsBackTo(tube: string): boolean {
    return this.deadTube === tube;
  }

  /** The tube that dead jobs are to go to; "" if none is said. */
  get deadTube(): string {
    return showSetting(settingOf(C.SETTING_DEAD), this.values);
  }
}

/** One of all these values as it is written; "" for what is not set. */
export function showSetting(row: SettingRow, values: Float64Array): string {
  return showValues(row, ...values.subarray(row.number, row.number + row.width));
}

/** The values of one setting as they are written; "" for what is not set. */
export function showValues(row: SettingRow, ...own: readonly number[]): string {
  return (own[0] ?? C.NOT_SET) < 0 ? "" : row.show(own);
}

/** The setting that has that number in the engine. */
export function settingOf(number: number): SettingRow {
  const row = TUBE_SETTINGS.find((one) => one.number === number);
  if (row === undefined) throw new RangeError(`no setting has the number ${number}`);
  return row;
}
