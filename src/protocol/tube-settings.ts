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

/** One row of the table. */
export interface SettingRow {
  /** Its number in the engine: SETTING_* of assembly/constants.ts. */
  readonly number: number;
  /** What stands before the `=`. */
  readonly name: string;
  /** What stands behind it. */
  readonly form: string;
  /** Which values it takes, in words. */
  readonly range: string;
  /** The least and the most. */
  readonly least: number;
  readonly most: number;
  /** One line for people. */
  readonly summary: string;
}

/** Every setting, in the order in which they are shown. */
export const TUBE_SETTINGS: readonly SettingRow[] = [
  {
    number: C.SETTING_JOBS,
    name: "jobs",
    form: "<n>",
    range: "0 to 4294967295",
    least: 0,
    most: 0xffff_ffff,
    summary: "Most jobs in the tube, in all states; a put beyond that gets TUBE_FULL.",
  },
  {
    number: C.SETTING_BYTES,
    name: "bytes",
    form: "<n>",
    range: "0 to 9007199254740991",
    least: 0,
    most: Number.MAX_SAFE_INTEGER,
    summary: "Most bytes of their bodies together; a put beyond that gets TUBE_FULL.",
  },
  {
    number: C.SETTING_BODY,
    name: "body",
    form: "<n>",
    range: "0 to 4294967295",
    least: 0,
    most: 0xffff_ffff,
    summary: "Longest body, in bytes; a put of a longer one gets JOB_TOO_BIG.",
  },
];

const ROWS: ReadonlyMap<string, SettingRow> = new Map(TUBE_SETTINGS.map((row) => [row.name, row]));

/** What a set-tube says, a value for each setting by its number; NOT_SET takes it away. */
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
    const value = readSetting(row, word.slice(sign + 1));
    if (value === undefined) return false;
    this.values[row.number] = value;
    return true;
  }
}

/** The value that a text stands for, NOT_SET for none; undefined if it is not in the range. */
function readSetting({ least, most }: SettingRow, text: string): number | undefined {
  if (text === "") return C.NOT_SET;
  if (!/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

/** A value as it is written; "" for what is not set. */
export function showSetting(value: number): string {
  return value === C.NOT_SET ? "" : String(value);
}

/** The setting that has that number in the engine. */
export function settingOf(number: number): SettingRow {
  const row = TUBE_SETTINGS.find((one) => one.number === number);
  if (row === undefined) throw new RangeError(`no setting has the number ${number}`);
  return row;
}
