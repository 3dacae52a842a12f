/* Priority: which job comes first: a name, or a number of the protocol, the smallest first. */
import { BadOptionError } from "./errors.ts";

/** The names, and what they stand for on the wire; below 1024 statistics count a job as urgent. */
export const PRIORITIES = {
  urgent: 0,
  high: 512,
  normal: 1024,
  low: 65_536,
  bulk: 4_294_967_295,
} as const;

/** A name, or a whole number from 0 (first) to 4294967295. */
export type Priority = number | keyof typeof PRIORITIES;

const PRIORITY_MAX = PRIORITIES.bulk;

/** The number of a priority. Throws a BadOptionError. */
export function priorityNumber(priority: Priority): number {
  if (typeof priority === "string" && Object.hasOwn(PRIORITIES, priority)) {
    return PRIORITIES[priority];
  }
  const isNumber = typeof priority === "number" && Number.isInteger(priority);
  if (isNumber && priority >= 0 && priority <= PRIORITY_MAX) return priority;
  const names = Object.keys(PRIORITIES).join(", ");
  throw new BadOptionError(
    `priority: ${JSON.stringify(priority)} is none of ${names}, and no whole number up to ` +
      `${PRIORITY_MAX}`,
  );
}
