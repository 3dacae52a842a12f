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
  "maxIndexBytes",
  "maxJobBytes",
  "maxFailureBytes",
  "maxBatchBytes",
  "maxResultBytes",
  "maxResultsBytes",
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

/** What is no option of a server: what it may be, and whether a value is that. */
const OTHERS: ReadonlyMap<string, { expects: string; isRight: (value: unknown) => boolean }> =
  new Map([
    ["clock", { expects: "an object with now and after", isRight: has("now", "after") }],
    ["log", { expects: "an object with write", isRight: has("write") }],
    ["onBroken", { expects: "a function", isRight: (value) => typeof value === "function" }],
  ]);

/** Whether a value is an object with these methods. */
function has(...names: readonly string[]): (value: unknown) => boolean {
  return (value) =>
    typeof value === "object" &&
    value !== null &&
    names.every((name) => typeof Reflect.get(value, name) === "function");
}

/** An option of a broker is wrong. The message names it, and says what it may be. */
class OptionError extends Error {
  override readonly name = "OptionError";
  readonly code = "HM_OPTION";
}

/** Throws an OptionError where it is no object, or one with what a broker has no use for. */
export function checkShape(options: unknown): void {
  if (typeof options !== "object" || options === null) {
    throw new OptionError(`expected an object with options, not ${shown(options)}`);
  }
  const keys: readonly string[] = KEYS;
  for (const [key, value] of Object.entries(options)) {
    if (keys.includes(key)) continue;
    const other = OTHERS.get(key);
    if (other === undefined) throw new OptionError(`${key}: no such option`);
    if (value !== undefined && !other.isRight(value)) throw wrong(key, other.expects, value);
  }
}

/**
 * The settings that options of the right shape stand for. Throws an OptionError; `warn` takes a
 * line.
 */
export function settingsOf(
  options: BrokerOptions,
  units: Units,
  warn: (line: string) => void,
): BrokerSettings {
  if (options.durability !== undefined && options.dataDirectory === undefined) {
    throw new OptionError("durability: without a dataDirectory jobs live in memory only");
  }
  if (options.durability === "replicated") {
    throw new OptionError("durability: no copy is kept here; a server does that (--journal)");
  }
  const said = (key: (typeof KEYS)[number]): unknown => {
    const value = options[key];
    return value === undefined ? DEFAULT_OPTIONS[key] : checked(key, value, units, warn);
  };
  return Object.fromEntries(KEYS.map((key) => [key, said(key)])) as BrokerSettings;
}

function checked(
  key: (typeof KEYS)[number],
  value: unknown,
  units: Units,
  warn: (line: string) => void,
): unknown {
  const option: Option<unknown> = OPTIONS[key];
  const isPlain = typeof value === "string" || typeof value === "number";
  const taken = isPlain ? option.parse([wordOf(option, value)], units, warn) : undefined;
  if (taken !== undefined && typeof taken === typeof value) return taken;
  const unit = option.placeholder === "DURATION" ? ", in milliseconds" : "";
  throw wrong(key, `${option.expects}${unit}`, value);
}

/** The value as on a command line. */
function wordOf({ placeholder }: Option<unknown>, value: string | number): string {
  if (placeholder !== "DURATION") return String(value);
  return value === Infinity ? "never" : `${value}ms`;
}

function wrong(key: string, expects: string, value: unknown): OptionError {
  return new OptionError(`${key}: expected ${expects}, not ${shown(value)}`);
}

/** Any value in a few words. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
