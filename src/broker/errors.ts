/* Errors: what a broker can come to. Those of its options are in broker-options.ts, those of a
 * journal that cannot be opened in journal-keeper.ts.
 */

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

/** The BrokenError that says what failed, and with what. */
export function failureOf(what: string, cause: unknown): BrokenError {
  const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new BrokenError(`${what} failed: ${why}`, { cause });
}
