/* Checked: what a user hands over to be called later, looked at when it is handed over: what is
 * none would be found out in the middle of something else. Used where queues and doors are opened.
 */
import { BadOptionError } from "./errors.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** Throws a BadOptionError unless it is a Logger, or undefined. */
export function checkLogger(logger: unknown): void {
  if (logger === undefined) return;
  const methods = fieldsOf(logger);
  if (LEVELS.every((level) => typeof methods[level] === "function")) return;
  throw new BadOptionError(`logger: ${shown(logger)} has not all of ${LEVELS.join(", ")}`);
}

/** Throws a BadOptionError unless it is a function, or undefined. */
export function checkFunction(what: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new BadOptionError(`${what}: ${shown(value)} is no function`);
}

/** What may be asked for its fields; of what has none, nothing. */
export function fieldsOf(value: unknown): Partial<Record<string, unknown>> {
  const isAny = (typeof value === "object" && value !== null) || typeof value === "function";
  return isAny ? (value as Partial<Record<string, unknown>>) : {};
}

/** A value in a message: objects may be long, and hold what nobody should read. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
