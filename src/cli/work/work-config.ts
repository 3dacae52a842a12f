/* WorkConfig: the file of `homemaker work --config`: which modules, which queue, which classes of
 * jobs, and which pools run them. Read by work.ts; docs/work.md explains it.
 *
 * Everything is checked before anything starts, and a mistake is named by its place in the file.
 * What numbers and durations may be is the worker's to say.
 */
import type { Duration } from "../../worker/duration.ts";
import type { ConcurrencyRange } from "../../worker/worker-options.ts";
import { WorkError } from "./work-error.ts";

/** A pool: which jobs, and with how many slots. */
export interface PoolConfig {
  /** Types of jobs; one that ends with `*` stands for all that begin so. */
  readonly jobs: readonly string[];
  /** Names of classes. */
  readonly classes: readonly string[];
  readonly concurrency: number | ConcurrencyRange | undefined;
  readonly prefetch: number | undefined;
  readonly initRetry: Duration | undefined;
}

/** What the file says. */
export interface WorkConfig {
  /** Paths of modules, as they stand there. */
  readonly modules: readonly string[];
  readonly queue: string | undefined;
  readonly directory: string | undefined;
  /** Types of jobs by the name of their class. */
  readonly classes: ReadonlyMap<string, readonly string[]>;
  readonly pools: ReadonlyMap<string, PoolConfig>;
  readonly grace: Duration | undefined;
  readonly abort: Duration | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** What is meant where there is no file. */
export const NO_CONFIG: WorkConfig = {
  modules: [],
  queue: undefined,
  directory: undefined,
  classes: new Map(),
  pools: new Map(),
  grace: undefined,
  abort: undefined,
};

/** Reads what stands in the file `path`. Throws a WorkError. */
export function workConfigOf(path: string, value: unknown): WorkConfig {
  const whole = fieldsAt(path, value, [
    "modules",
    "queue",
    "directory",
    "classes",
    "pools",
    "stop",
  ]);
  const stop = fieldsAt(`${path}: stop`, whole["stop"] ?? {}, ["grace", "abort"]);
  const { queue, directory } = whole;
  if (queue !== undefined && directory !== undefined) {
    throw new WorkError(`${path}: there is a queue or a directory, not both`);
  }
  return {
    modules: textsAt(`${path}: modules`, whole["modules"]),
    queue: textAt(`${path}: queue`, queue),
    directory: textAt(`${path}: directory`, directory),
    classes: eachAt(`${path}: classes`, whole["classes"], textsAt),
    pools: eachAt(`${path}: pools`, whole["pools"], poolAt),
    grace: durationAt(`${path}: stop.grace`, stop["grace"]),
    abort: durationAt(`${path}: stop.abort`, stop["abort"]),
  };
}

function poolAt(place: string, value: unknown): PoolConfig {
  const known = ["jobs", "classes", "concurrency", "prefetch", "initRetry"];
  const pool = fieldsAt(place, value, known);
  return {
    jobs: textsAt(`${place}.jobs`, pool["jobs"]),
    classes: textsAt(`${place}.classes`, pool["classes"]),
    concurrency: concurrencyAt(`${place}.concurrency`, pool["concurrency"]),
    prefetch: numberAt(`${place}.prefetch`, pool["prefetch"]),
    initRetry: durationAt(`${place}.initRetry`, pool["initRetry"]),
  };
}

function concurrencyAt(place: string, value: unknown): number | ConcurrencyRange | undefined {
  if (value === undefined || typeof value === "number") return value;
  const range = fieldsAt(place, value, ["min", "max", "maxLag"]);
  const [min, max] = [
    numberAt(`${place}.min`, range["min"]),
    numberAt(`${place}.max`, range["max"]),
  ];
  const maxLag = durationAt(`${place}.maxLag`, range["maxLag"]);
  if (min === undefined || max === undefined) {
    throw new WorkError(`${place}: expected a number, or { "min": ..., "max": ... }`);
  }
  return { min, max, ...(maxLag !== undefined && { maxLag }) };
}

function eachAt<Value>(
  place: string,
  value: unknown,
  read: (place: string, value: unknown) => Value,
): ReadonlyMap<string, Value> {
  const fields = fieldsAt(place, value ?? {});
  return new Map(
    Object.entries(fields).map(([name, one]) => [name, read(`${place}.${name}`, one)]),
  );
}

/** The fields of an object; if `known` is there, it has no others. */
function fieldsAt(place: string, value: unknown, known?: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new WorkError(`${place}: expected an object`);
  }
  const stray = Object.keys(value).find((name) => known?.includes(name) === false);
  if (stray !== undefined) {
    throw new WorkError(`${place}: unknown "${stray}"; there are ${known?.join(", ")}`);
  }
  return value as Fields;
}

function textsAt(place: string, value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  throw new WorkError(`${place}: expected an array of texts`);
}

function textAt(place: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === "string" && value !== "")) return value;
  throw new WorkError(`${place}: expected a text`);
}

function numberAt(place: string, value: unknown): number | undefined {
  if (value === undefined || typeof value === "number") return value;
  throw new WorkError(`${place}: expected a number`);
}

/** What text a duration may be is seen when it is used. */
function durationAt(place: string, value: unknown): Duration | undefined {
  if (value === undefined || typeof value === "number") return value;
  if (typeof value === "string") return value as Duration;
  throw new WorkError(`${place}: expected a duration such as "30s"`);
}
