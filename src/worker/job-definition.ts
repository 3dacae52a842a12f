/* JobDefinition: a kind of job, as producers and workers share it; Handler: the code that runs jobs
 * of that kind, and what it is given beside the payload.
 *
 * A definition has no code that runs jobs, so that a producer imports none. The types of payload
 * and result flow from here to `enqueue`, to handlers and to results. Made by define-job.ts.
 */
import { BadOptionError } from "./errors.ts";
import type { Acknowledge, EnqueueOptions, Exclusive, Unique } from "./enqueue-options.ts";
import type { Envelope, Extras } from "./envelope.ts";
import type { FailureMode, SuccessMode } from "./failure-mode.ts";
import type { Logger } from "./logger.ts";

/** The options of a kind of job, checked, in final units. */
export interface JobSettings {
  readonly priority: number;
  readonly delayMillis: number;
  readonly leaseMillis: number;
  readonly timeoutMillis: number | undefined;
  readonly expiresMillis: number | undefined;
  readonly attemptsMax: number | undefined;
  readonly acknowledge: Acknowledge | undefined;
  readonly onFailure: FailureMode | undefined;
  readonly onSuccess: SuccessMode | undefined;
}

/** Throws a BadOptionError unless it is a definition. */
export function checkJob(job: AnyJob): void {
  if (typeof job?.prepare === "function") return;
  throw new BadOptionError(`${JSON.stringify(job)} is no definition of a job; see defineJob`);
}

/** The keys of one job. */
export interface JobKeys {
  readonly unique?: Unique | undefined;
  readonly key?: string | undefined;
  readonly exclusive?: Exclusive | undefined;
}

/** A payload that was checked, ready to be enqueued. */
export interface Prepared<Payload> {
  readonly payload: Payload;
  /** The body; `extras` travel with it. */
  body(extras: Extras): Uint8Array;
}

/** A kind of job. */
export interface JobDefinition<Name extends string, Input, Payload, Returned, Result> {
  readonly name: Name;
  readonly tube: string;
  readonly version: number;
  readonly settings: JobSettings;
  /** Joins it with the code that runs it. */
  handler(run: Run<undefined, Payload, Returned>): Handler<undefined>;
  /** The keys that a payload gives its job. */
  keysOf(payload: Payload): JobKeys;
  /**
   * What is enqueued for an input. Throws, or rejects with, an InvalidDataError or a CodecError.
   */
  prepare(input: Input): Prepared<Payload> | Promise<Prepared<Payload>>;
  /**
   * The payload in a body. Throws, or rejects with, an InvalidDataError, a CodecError or a
   * JobVersionError.
   */
  payloadOf(envelope: Envelope): Payload | Promise<Payload>;
  /** A result as bytes, checked. Throws, or rejects with, an InvalidDataError or a CodecError. */
  encodeResult(returned: Returned): Uint8Array | Promise<Uint8Array>;
  /** The result in bytes. Throws, or rejects with, an InvalidDataError or a CodecError. */
  decodeResult(result: Uint8Array): Result | Promise<Result>;
  /** For the compiler alone; it is not there. */
  readonly "~types"?: {
    readonly input: Input;
    readonly payload: Payload;
    readonly returned: Returned;
    readonly result: Result;
  };
}

/** A kind of job, whichever. */
export type AnyJob = JobDefinition<string, unknown, unknown, unknown, unknown>;
type TypesOf<J extends AnyJob> = NonNullable<J["~types"]>;
/** What `enqueue` takes for it. */
export type InputOf<J extends AnyJob> = TypesOf<J>["input"];
/** What its handler is given. */
export type PayloadOf<J extends AnyJob> = TypesOf<J>["payload"];
/** What its handler gives back. */
export type ReturnedOf<J extends AnyJob> = TypesOf<J>["returned"];
/** What whoever waits for it is given. */
export type ResultOf<J extends AnyJob> = TypesOf<J>["result"];

/** The job that a handler runs. */
export interface RunningJob {
  readonly id: string;
  readonly type: string;
  readonly tube: string;
  /** Which attempt this is, counted from 1. */
  readonly attempt: number;
  /** The key that it was enqueued with, for a fair share. */
  readonly key?: string;
  readonly enqueuedAt?: Date;
  /** The name of the schedule that enqueued it, and the moment that it is for. */
  readonly schedule?: { readonly name: string; readonly due: Date };
}

/** What a handler is given beside the payload. */
export interface JobContext<State> {
  readonly job: RunningJob;
  /** Aborted when the work is for nothing, or must end. */
  readonly signal: AbortSignal;
  /** What `init` made for the slot that runs it. */
  readonly state: State;
  readonly log: Logger;
  /** Leaves a note of how far it is; the newest one counts. */
  progress(value: unknown): void;
  /** Has the job's lease begin anew, at once. */
  touch(): Promise<void>;
  /** Enqueued together with this job's completion: both or neither, where the back end can. */
  enqueueOnSuccess<J extends AnyJob>(job: J, payload: InputOf<J>, options?: EnqueueOptions): void;
}

/** What a handler is called as. */
export type Run<State, Payload, Returned> = (
  payload: Payload,
  context: JobContext<State>,
) => Returned | Promise<Returned>;

/** A job's definition with the code that runs it, for slots with such a state. */
export interface Handler<State> {
  readonly job: AnyJob;
  readonly run: Run<State, unknown, unknown>;
}

/** Joins a definition with the code that runs it; the type of the state is inferred. */
export type On<State> = <J extends AnyJob>(
  job: J,
  run: Run<State, PayloadOf<J>, ReturnedOf<J>>,
) => Handler<State>;
