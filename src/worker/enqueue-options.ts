/* EnqueueOptions: how a job is enqueued, where that differs from what its definition says. */
import { millisOf } from "./duration.ts";
import type { Duration } from "./duration.ts";
import { BadOptionError } from "./errors.ts";
import { keyWord } from "./key.ts";
import type { Known } from "./known-options.ts";
import type { Priority } from "./priority.ts";

/** What a call may be ended by. */
export interface Abortable {
  /** Ends the call, which rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A key that at most one job has at a time. */
export type Unique = string | { readonly key: string; readonly cooldown?: Duration };

/** A key of which at most so many jobs run at a time; one if nothing is said. */
export type Exclusive = string | { readonly key: string; readonly limit?: number };

/** What a reply about a job waits for, on a server with a journal. */
export type Acknowledge = "memory" | "os" | "interval" | "sync" | "replicated";

/** How a job is enqueued. */
export interface EnqueueOptions extends Abortable {
  /** How long it waits before it may run. */
  readonly delay?: Duration;
  /** When it may run; in place of a delay. */
  readonly runAt?: Date;
  readonly priority?: Priority;
  /** While such a job of this type is there, and for the cooldown after it, this adds none. */
  readonly unique?: Unique;
  /** Whose it is: where the tube's order is fair each key gets its share. */
  readonly key?: string;
  /** At most so many jobs with this key run at a time, of whatever type. */
  readonly exclusive?: Exclusive;
  /** After that long it is not run any more. */
  readonly expiresAfter?: Duration;
}

/** What may be said of a job that is enqueued, and of one whose result is waited for. */
export const ENQUEUE_OPTIONS: Known<EnqueueOptions & { readonly timeout?: Duration }> = {
  signal: true,
  delay: true,
  runAt: true,
  priority: true,
  unique: true,
  key: true,
  exclusive: true,
  expiresAfter: true,
  timeout: true,
};

/** A unique key, as back ends have it. */
export interface RawUnique {
  readonly key: string;
  readonly cooldownMillis: number;
}

/** A key with a limit, as back ends have it. */
export interface RawExclusive {
  readonly key: string;
  readonly limit: number;
}

/** The unique key of a job of that type. Throws a BadOptionError. */
export function rawUnique(type: string, unique: Unique): RawUnique {
  const { key, cooldown = 0 } = typeof unique === "string" ? { key: unique } : unique;
  if (key === "") throw new BadOptionError("unique: a key is a text of a character or more");
  return {
    key: keyWord("unique", `${type}/${key}`),
    cooldownMillis: millisOf("unique.cooldown", cooldown),
  };
}

/** A key with its limit. Throws a BadOptionError. */
export function rawExclusive(exclusive: Exclusive): RawExclusive {
  const { key, limit = 1 } = typeof exclusive === "string" ? { key: exclusive } : exclusive;
  if (!Number.isInteger(limit) || limit < 1) {
    throw new BadOptionError(`exclusive.limit: ${limit} is no whole number above 0`);
  }
  return { key: keyWord("exclusive", key), limit };
}
