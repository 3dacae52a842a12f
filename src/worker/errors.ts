/* Errors: what can go wrong with jobs between those who enqueue them and those who run them. What
 * goes wrong on the way to a server is in client/errors.ts.
 */
import { HomemakerError } from "../protocol/homemaker-error.ts";
import { rebuiltError } from "./serialized-error.ts";
import type { SerializedError } from "./serialized-error.ts";

/** What was said about a job, a queue or a call cannot be so. Nothing was done. */
export class BadOptionError extends HomemakerError {
  override readonly name = "BadOptionError";
  readonly code = "HM_OPTION";
}

/** Something of a value that a schema does not take. */
export interface Issue {
  readonly message: string;
  /** Where in the value, from the outside in; empty for the whole of it. */
  readonly path: readonly string[];
}

/** A payload or a result is not what its job's schema says. */
export class InvalidDataError extends HomemakerError {
  override readonly name = "InvalidDataError";
  readonly code = "HM_INVALID_DATA";
  readonly job: string;
  readonly issues: readonly Issue[];

  /** @param what "payload" or "result" */
  constructor(job: string, what: string, issues: readonly Issue[]) {
    super(`${job}: the ${what} is not what its schema says: ${issues.map(sentenceOf).join("; ")}`);
    this.job = job;
    this.issues = issues;
  }
}

function sentenceOf({ message, path }: Issue): string {
  return path.length === 0 ? message : `${path.join(".")}: ${message}`;
}

/** A value cannot be made into bytes, or bytes are not those of a value. */
export class CodecError extends HomemakerError {
  override readonly name = "CodecError";
  readonly code = "HM_CODEC";
}

/**
 * A job was enqueued by a program that knows a later version of its definition, or has a blob store
 * that is not known here.
 */
export class JobVersionError extends HomemakerError {
  override readonly name = "JobVersionError";
  readonly code = "HM_JOB_VERSION";
}

/** The back end cannot do what was asked for. Nothing was done. */
export class UnsupportedError extends HomemakerError {
  override readonly name = "UnsupportedError";
  readonly code = "HM_NOT_SUPPORTED";
}

/** The back end needs a package that is not installed. */
export class MissingPackageError extends HomemakerError {
  override readonly name = "MissingPackageError";
  readonly code = "HM_MISSING_PACKAGE";
  /** What to install. */
  readonly packageName: string;

  constructor(packageName: string, options?: ErrorOptions) {
    super(`the package ${packageName} is missing: npm install ${packageName}`, options);
    this.packageName = packageName;
  }
}

/** There is no such job, nor a result of it (any more). */
export class JobNotFoundError extends HomemakerError {
  override readonly name = "JobNotFoundError";
  readonly code = "HM_NOT_FOUND";
}

/** The job was cancelled before it was done. */
export class JobCancelledError extends HomemakerError {
  override readonly name = "JobCancelledError";
  readonly code = "HM_CANCELLED";
}

/** The job was not done, and will not be unless somebody sees to it. */
export class JobFailedError extends HomemakerError {
  override readonly name = "JobFailedError";
  readonly code = "HM_JOB_FAILED";
  readonly id: string;
  /** How it ended. */
  readonly end: "buried" | "deleted" | "dead" | "expired";
  /** The error of its last attempt that said one; `cause` is that error again. */
  readonly failure: SerializedError | undefined;

  constructor(id: string, end: JobFailedError["end"], failure: SerializedError | undefined) {
    const why = failure === undefined ? "" : `: ${failure.message}`;
    const cause = failure === undefined ? undefined : rebuiltError(failure);
    super(`job ${id} ${SAID[end]}${why}`, { cause });
    this.id = id;
    this.end = end;
    this.failure = failure;
  }
}

const SAID = {
  buried: "failed and was set aside",
  deleted: "was deleted",
  dead: "failed at its last attempt",
  expired: "was not run in time",
} as const;

/** The back end is away, and the spool cannot take the job: it is nowhere. `cause` says why. */
export class SpoolError extends HomemakerError {
  override readonly name = "SpoolError";
  readonly code = "HM_SPOOL";

  constructor(cause: Error) {
    super(`the back end is away, and the spool cannot take the job: ${cause.message}`, { cause });
  }
}

/** What became of one of many. */
export type Outcome = { readonly id: string } | { readonly error: Error };

/** Some of many jobs could not be enqueued; the others were. */
export class PartlyEnqueuedError extends HomemakerError {
  override readonly name = "PartlyEnqueuedError";
  readonly code = "HM_PARTLY_ENQUEUED";
  /** What became of each, in the order of the payloads. */
  readonly outcomes: readonly Outcome[];

  constructor(job: string, outcomes: readonly Outcome[]) {
    const errors = outcomes.flatMap((outcome) => ("error" in outcome ? [outcome.error] : []));
    const [first] = errors;
    const count = `${errors.length} of ${outcomes.length}`;
    super(`${job}: ${count} jobs could not be enqueued: ${first?.message ?? ""}`, { cause: first });
    this.outcomes = outcomes;
  }
}
