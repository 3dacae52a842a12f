/* Broker options: what a program may say about a broker that it opens.
 *
 * They are options of the server (config/options.ts), by the names that they have in the code, with
 * the same units, ranges and defaults; the number of shards has a default of its own. Used by
 * open-broker.ts.
 */
import type { Clock } from "../clock.ts";
import { DEFAULT_OPTIONS, OPTIONS } from "../config/options.ts";
import type { Option } from "../config/option.ts";
import type { Options } from "../config/options.ts";
import type { Log } from "../log.ts";
import type { Units } from "../text/control.ts";
import type { BrokenError } from "./errors.ts";

const KEYS = [
  "shards",
  "memoryBytes",
  "maxJobBytes",
  "maxFailureBytes",
  "failuresKept",
  "maxTubes",
  "maxWatch",
  "maxOutputBytes",
  "commandsPerTurn",
  "dataDirectory",
  "durability",
  "syncIntervalMillis",
  "segmentBytes",
  "hintIntervalMillis",
  "recovery",
  "releases",
] as const satisfies readonly (keyof Options)[];

/** Every option of a broker, in final units and with every range checked. */
export type BrokerSettings = Pick<Options, (typeof KEYS)[number]>;

/** What a program may say; what is absent is as in a server. */
export interface BrokerOptions extends Partial<BrokerSettings> {
  /** What time it is for jobs; if absent, the process's. */
  readonly clock?: Clock | undefined;
  /** Hears what an operator should know; if absent, nobody does. Never called within a call. */
  readonly log?: Pick<Log, "write"> | undefined;
  /**
   * Called once, when the broker is of no use any more; all that was asked and not answered is
   * rejected with the same error as its cause. Never called within a call.
   */
  readonly onBroken?: ((error: BrokenError) => void) | undefined;
}

const OTHERS: ReadonlySet<string> = new Set(["clock", "log", "onBroken"]);

/** An option of a broker is wrong. The message names it, and says what it may be. */
class OptionError extends Error {
  override readonly name = "OptionError";
  readonly code = "HM_OPTION";
}

/** The settings that the options stand for. Throws an OptionError; `warn` takes a line. */
export function settingsOf(
  options: BrokerOptions,
  units: Units,
  warn: (line: string) => void,
): BrokerSettings {
  const keys: readonly string[] = KEYS;
  for (const key of Object.keys(options)) {
    if (!keys.includes(key) && !OTHERS.has(key)) throw new OptionError(`${key}: no such option`);
  }
  if (options.durability !== undefined && options.dataDirectory === undefined) {
    throw new OptionError("durability: without a dataDirectory jobs live in memory only");
  }
  const said = (key: (typeof KEYS)[number]): unknown => {
    const value = options[key];
    return value === undefined ? DEFAULT_OPTIONS[key] : checked(key, value, units, warn);
  };
  return Object.fromEntries(KEYS.map((key) => [key, said(key)])) as BrokerSettings;
}

function checked(
  key: (typeof KEYS)[number],
  value: string | number,
  units: Units,
  warn: (line: string) => void,
): unknown {
  const option: Option<unknown> = OPTIONS[key];
  const taken = option.parse([wordOf(option, value)], units, warn);
  if (typeof taken === typeof value) return taken;
  const unit = option.placeholder === "DURATION" ? ", in milliseconds" : "";
  throw new OptionError(`${key}: expected ${option.expects}${unit}, not ${JSON.stringify(value)}`);
}

/** The value as on a command line. */
function wordOf({ placeholder }: Option<unknown>, value: unknown): string {
  if (placeholder !== "DURATION") return String(value);
  return value === Infinity ? "never" : `${String(value)}ms`;
}
