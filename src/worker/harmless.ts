/* Harmless: calls of what others wrote and jobs do not depend on: listeners, telemetry, loggers.
 *
 * Invariant: whatever such a function throws, or what it returns rejects with, harms nothing and is
 * told.
 */
import type { Logger } from "./logger.ts";
import { readable } from "./serialized-error.ts";

/**
 * Calls it. Returns what it returns, but undefined for a promise, and if it throws. `troubled` is
 * told what is thrown, and what a promise rejects with.
 */
export function harmlessly<Result>(
  call: () => Result,
  troubled: (error: unknown) => void,
): Awaited<Result> | undefined {
  const told = (error: unknown): void => troubled(readable(error));
  try {
    const returned: unknown = call();
    if (!isThenable(returned)) return returned as Awaited<Result>;
    returned.then(undefined, told);
  } catch (error) {
    told(error);
  }
  return undefined;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  return "then" in value && typeof value.then === "function";
}

/** A logger that is told the same, and throws nothing: nobody is left who could be told of that. */
export function harmlessLogger(logger: Logger): Logger {
  const nobody = (): void => undefined;
  const at =
    (level: "debug" | "info" | "warn" | "error") =>
    (...line: Parameters<Logger["info"]>): void => {
      harmlessly(() => logger[level](...line), nobody);
    };
  const harmless: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child(fields) {
      const child = harmlessly(() => logger.child?.(fields), nobody);
      return child === undefined ? harmless : harmlessLogger(child);
    },
  };
  return harmless;
}
