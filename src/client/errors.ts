/* Errors: what can go wrong between a client and a server. Those that a server's bytes are to blame
 * for are in protocol/ (HM_BAD_REPLY, HM_REPLY_TOO_BIG); those that it says itself are
 * refused-error.ts's.
 */
import { HomemakerError } from "../protocol/homemaker-error.ts";

/** No connection came about in time. Its cause says why. */
export class UnreachableError extends HomemakerError {
  override readonly name = "UnreachableError";
  readonly code = "HM_UNREACHABLE";
}

/** The connection ended before the command was sent: it was not done, and may be sent again. */
export class NotSentError extends HomemakerError {
  override readonly name = "NotSentError";
  readonly code = "HM_NOT_SENT";
  /** The command's line. */
  readonly command: string;

  constructor(command: string, cause: Error | undefined) {
    super(`${command}: the connection ended before this was sent`, { cause });
    this.command = command;
  }
}

/** The connection ended between a command and its answer: whether it was done is not known. */
export class LostError extends HomemakerError {
  override readonly name = "LostError";
  readonly code = "HM_LOST";
  /** The command's line. */
  readonly command: string;

  constructor(command: string, cause: Error | undefined) {
    super(`${command}: the connection ended before the answer came`, { cause });
    this.command = command;
  }
}

/** What was to be sent is no command: a value is wrong, or its line has a line break in it. */
export class BadCommandError extends HomemakerError {
  override readonly name = "BadCommandError";
  readonly code = "HM_BAD_COMMAND";
}

/** No answer came in the time that the call was given. */
export class TimeoutError extends HomemakerError {
  override readonly name = "TimeoutError";
  readonly code = "HM_TIMEOUT";
  /** The command's line. */
  readonly command: string;
  /** Whether it was sent, so that it may have been done or may still be. */
  readonly wasSent: boolean;

  constructor(command: string, timeoutMs: number, wasSent: boolean) {
    super(`${command}: no answer came within ${timeoutMs} ms`);
    this.command = command;
    this.wasSent = wasSent;
  }
}

/**
 * Some of many commands that were sent as one were not done, or it is not known. The cause is the
 * first of these errors.
 */
export class SomeFailedError<Result = unknown> extends HomemakerError {
  override readonly name = "SomeFailedError";
  readonly code = "HM_SOME_FAILED";
  /** What came of each, in their order. */
  readonly results: readonly (Result | Error)[];

  constructor(what: string, results: readonly (Result | Error)[]) {
    const errors = results.filter((one) => one instanceof Error);
    const [cause] = errors;
    super(`${what}: ${errors.length} of ${results.length} failed; ${cause?.message ?? ""}`, {
      cause,
    });
    this.results = results;
  }
}

/** The client is closed; what was asked of it is not waited for any more. */
export class ClosedError extends HomemakerError {
  override readonly name = "ClosedError";
  readonly code = "HM_CLOSED";
}

/** The server, or this runtime, does not know what was asked for. Nothing was sent. */
export class NotSupportedError extends HomemakerError {
  override readonly name = "NotSupportedError";
  readonly code = "HM_NOT_SUPPORTED";
}

/** So much waits to be sent and answered that no more is taken. Nothing was sent. */
export class BacklogError extends HomemakerError {
  override readonly name = "BacklogError";
  readonly code = "HM_BACKLOG";
}

/** This client does not hold the job any more. Nothing was sent. */
export class NotHeldError extends HomemakerError {
  override readonly name = "NotHeldError";
  readonly code = "HM_NOT_HELD";
}

/** The job was cancelled: what is done for it is for nothing. */
export class CancelledError extends HomemakerError {
  override readonly name = "CancelledError";
  readonly code = "HM_CANCELLED";
}

/** What was thrown, as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** What several attempts came to, with each one's reason; undefined when there was none. */
export function unreachableFor(causes: readonly Error[]): Error | undefined {
  const [first] = causes;
  if (causes.length <= 1) return first;
  const cause = new AggregateError(causes);
  return new UnreachableError(causes.map(({ message }) => message).join("; "), { cause });
}
