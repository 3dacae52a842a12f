/* Worker limits: how many jobs of a tube one worker has at a time, and how many it takes in a
 * while: `localLimits` and `localRate`. Other workers have their own; what holds over all is an
 * exclusive key, or a limit of the tube.
 *
 * Invariants: a job that may not run yet is not asked for: it stays where others can have it. What
 * was on its way all the same goes back uncounted. Used by worker.ts.
 */
import type { Clock } from "../clock.ts";
import type { Consumer, ConsumeOptions, HeldJob, QueueBackend } from "./backend.ts";
import { fieldsOf, shown } from "./checked.ts";
import { millisOf } from "./duration.ts";
import type { Duration } from "./duration.ts";
import { BadOptionError } from "./errors.ts";
import { checkNames } from "./known-options.ts";
import type { Known } from "./known-options.ts";
import { SpreadConsumer } from "./spread-consumer.ts";
import { StartRate } from "./start-rate.ts";
import { WatchedHeldJob } from "./watched-held-job.ts";

/** How many jobs a worker takes in a while. */
export interface LocalRate {
  readonly most: number;
  readonly per: Duration;
}

/** What of a worker's options its limits are made of: by tube. */
export interface LimitOptions {
  readonly localLimits?: Readonly<Record<string, number>>;
  readonly localRate?: Readonly<Record<string, LocalRate>>;
}

/** The limits of one tube. */
export interface TubeLimit {
  /** Most jobs at a time; Infinity if only their rate is limited. */
  readonly atOnce: number;
  readonly rate: { readonly most: number; readonly perMillis: number } | undefined;
}

const RATE_OPTIONS: Known<LocalRate> = { most: true, per: true };

/** The limits of a worker of these tubes. Throws a BadOptionError. */
export function tubeLimits(
  { localLimits = {}, localRate = {} }: LimitOptions,
  tubes: readonly string[],
): ReadonlyMap<string, TubeLimit> {
  const limits = new Map<string, TubeLimit>();
  for (const [tube, count] of entriesOf("localLimits", localLimits, tubes)) {
    limits.set(tube, { atOnce: whole(`localLimits.${tube}`, count), rate: undefined });
  }
  for (const [tube, said] of entriesOf("localRate", localRate, tubes)) {
    const what = `localRate.${tube}`;
    const { most, per } = fieldsOf(said);
    checkNames(what, fieldsOf(said), RATE_OPTIONS);
    const perMillis = millisOf(`${what}.per`, per as Duration);
    if (perMillis === 0) throw new BadOptionError(`${what}.per: a while is longer than nothing`);
    const rate = { most: whole(`${what}.most`, most), perMillis };
    limits.set(tube, { atOnce: limits.get(tube)?.atOnce ?? Infinity, rate });
  }
  return limits;
}

function entriesOf(
  what: string,
  given: object,
  tubes: readonly string[],
): readonly (readonly [string, unknown])[] {
  const entries = Object.entries(fieldsOf(given));
  const wrong = entries.find(([tube]) => !tubes.includes(tube));
  if (wrong === undefined) return entries;
  throw new BadOptionError(`${what}.${wrong[0]}: no handler is for jobs of that tube`);
}

function whole(what: string, count: unknown): number {
  if (typeof count === "number" && Number.isInteger(count) && count > 0) return count;
  throw new BadOptionError(`${what}: ${shown(count)} is no whole number above 0`);
}

/** Begins to take jobs of these tubes, of each no more than its limits let. */
export function consumeWithin(
  backend: QueueBackend,
  tubes: readonly string[],
  options: ConsumeOptions,
  { limits, clock }: { readonly limits: ReadonlyMap<string, TubeLimit>; readonly clock: Clock },
): Consumer {
  if (limits.size === 0) return backend.consume(tubes, options);
  const free = tubes.filter((tube) => !limits.has(tube));
  const named = (held: HeldJob, moved: (isHere: boolean) => void): HeldJob =>
    new WatchedHeldJob(held, { id: held.id, moved, isEarly: true });
  const sources = [...limits].map(([tube, { atOnce, rate }]) => ({
    backend,
    tubes: [tube],
    named,
    limit: { atOnce, rate: rate && new StartRate(clock, rate) },
  }));
  const others = free.length === 0 ? [] : [{ backend, tubes: free, named }];
  return new SpreadConsumer([...others, ...sources], options, { clock, isOne: true });
}
