/* Errors: what a broker can come to. Those of its options are in broker-options.ts. */

/**
 * Something is wrong that must not be: the engine's memory cannot be trusted, or the journal failed
 * in the middle. The broker does nothing more; what it had not answered is done or not. With a
 * journal, opening it anew brings back what was safe.
 */
export class BrokenError extends Error {
  override readonly name = "BrokenError";
  readonly code = "HM_BROKEN";
}

/** The broker was closed. */
export class ClosedError extends Error {
  override readonly name = "ClosedError";
  readonly code = "HM_CLOSED";
}

/**
 * The journal cannot be opened: another server has it, it is damaged and strict was asked for, it
 * is newer than this program, ...
 */
export class JournalError extends Error {
  override readonly name = "JournalError";
  readonly code = "HM_JOURNAL";
  /** The code of what is wrong: HM_STORAGE_BUSY, HM_RECOVERY, ...; empty where it has none. */
  readonly reason: string;

  constructor(message: string, reason = "") {
    super(message);
    this.reason = reason;
  }
}

/** The BrokenError that says what failed, and with what. */
export function failureOf(what: string, cause: unknown): BrokenError {
  const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new BrokenError(`${what} failed: ${why}`, { cause });
}
