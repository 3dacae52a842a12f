/* Child messages: what a worker and a thread or process of its handlers say to each other. All of
 * it can be cloned; errors are sent as what they say, and made again on the other side.
 *
 *   start ->  <- ready | failed     run ->  <- note*, log*, touch*, outcome     close ->
 *
 * Each run has a number, so that what is late is not taken for what belongs to the next. Handlers
 * may send what they like the same way: what bears no mark of ours is none of these, and ignored.
 */
import { asError } from "../client/errors.ts";
import type { Capabilities, RawJob } from "./backend.ts";
import { JobVersionError } from "./errors.ts";
import type { AbortCause, JobEvent } from "./failure-mode.ts";
import type { Logger } from "./logger.ts";
import type { HandlerOutcome } from "./outcome.ts";
import { rebuiltError, serializeError } from "./serialized-error.ts";
import type { SerializedError } from "./serialized-error.ts";
import { Discard, Reinitialise, RetryLater, Snooze } from "./thrown.ts";

/** What a worker says. */
export type ToChild =
  /** `module` is to be loaded; it handles these jobs. */
  | {
      readonly kind: "start";
      readonly module: string;
      readonly jobs: readonly string[];
      readonly can: Capabilities;
    }
  | {
      readonly kind: "run";
      readonly run: number;
      /** The name of the definition whose handler runs it. */
      readonly job: string;
      readonly event: JobEvent & { readonly tube: string };
      readonly body: Uint8Array;
    }
  | { readonly kind: "abort"; readonly run: number; readonly why: AbortCause }
  /** A `touch` was answered, with what it rejects with if it does. */
  | { readonly kind: "touched"; readonly run: number; readonly error?: SerializedError }
  /** Nothing more is to be run: it is to dispose of its state, and to end. */
  | { readonly kind: "close" };

/** What a thread or process of handlers says. */
export type FromChild =
  | { readonly kind: "ready" }
  /** The module could not be loaded, or its `init` threw. */
  | { readonly kind: "failed"; readonly error: SerializedError }
  | { readonly kind: "note"; readonly run: number; readonly value: unknown }
  | {
      readonly kind: "log";
      readonly level: LogLevel;
      /** What was logged; an object, unless a handler goes by its logger's own types. */
      readonly fields: unknown;
      readonly message?: string;
    }
  | { readonly kind: "touch"; readonly run: number }
  | { readonly kind: "outcome"; readonly run: number; readonly outcome: SentOutcome }
  /** Something was thrown that nobody caught; it ends. */
  | { readonly kind: "uncaught"; readonly error: SerializedError };

const MARK = "homemaker handler";

/** A message as it is posted. */
export interface Marked {
  readonly [MARK]: FromChild;
}

/** A message with the mark by which the worker knows it. */
export function marked(message: FromChild): Marked {
  return { [MARK]: message };
}

/** The message in what was posted; undefined if it is none of ours. */
export function unmarked(posted: unknown): FromChild | undefined {
  if (typeof posted !== "object" || posted === null || !(MARK in posted)) return undefined;
  return (posted as Marked)[MARK];
}

/** How much a line matters. */
export type LogLevel = Exclude<keyof Logger, "child">;

/** An outcome on its way. */
export type SentOutcome =
  | { readonly end: "done"; readonly result: Uint8Array; readonly next: readonly RawJob[] }
  | { readonly end: "thrown"; readonly error: SentError }
  | { readonly end: "unknown-version"; readonly message: string };

/** An error on its way; one that says what becomes of its job is one of its class again. */
export interface SentError {
  readonly error: SerializedError;
  readonly as: "error" | "discard" | "reinitialise" | "retry-later" | "snooze";
  readonly afterMillis: number;
}

/** An outcome as it is sent. */
export function sentOutcome(outcome: HandlerOutcome): SentOutcome {
  if (outcome.end === "thrown") return { end: "thrown", error: sentError(outcome.error) };
  if (outcome.end === "unknown-version")
    return { end: outcome.end, message: outcome.error.message };
  const { end, result, next } = outcome;
  return { end, result: result.slice(), next };
}

function sentError(thrown: unknown): SentError {
  const error = serializeError(thrown);
  if (thrown instanceof Snooze) return { error, as: "snooze", afterMillis: thrown.afterMillis };
  if (thrown instanceof RetryLater) {
    return { error, as: "retry-later", afterMillis: thrown.afterMillis };
  }
  if (thrown instanceof Discard) return { error, as: "discard", afterMillis: 0 };
  if (thrown instanceof Reinitialise) return { error, as: "reinitialise", afterMillis: 0 };
  return { error, as: "error", afterMillis: 0 };
}

/** What was sent, as whoever decides about the job expects it. */
function receivedError({ error, as, afterMillis }: SentError): Error {
  const rebuilt = rebuiltError(error);
  if (as === "error") return rebuilt;
  const again = madeAgain(as, afterMillis, error.message, { cause: rebuilt.cause });
  if (error.stack !== undefined) again.stack = error.stack;
  return again;
}

function madeAgain(
  as: Exclude<SentError["as"], "error">,
  afterMillis: number,
  message: string,
  options: ErrorOptions,
): Error {
  if (as === "snooze") return new Snooze(afterMillis);
  if (as === "retry-later") return new RetryLater(afterMillis, options);
  return as === "discard" ? new Discard(message, options) : new Reinitialise(message, options);
}

/** What came back of a job whose results `decode` reads. */
export async function receivedOutcome(
  sent: SentOutcome,
  decode: (result: Uint8Array) => unknown,
): Promise<HandlerOutcome> {
  if (sent.end === "thrown") return { end: "thrown", error: receivedError(sent.error) };
  if (sent.end === "unknown-version") {
    return { end: "unknown-version", error: new JobVersionError(sent.message) };
  }
  try {
    return { ...sent, returned: await decode(sent.result) };
  } catch (error) {
    return { end: "thrown", error: asError(error) };
  }
}
