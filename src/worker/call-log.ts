/* Call log: a line for each enqueue and each attempt: what, how it ended, and how long it took. */
import type { Logger } from "./logger.ts";
import type { Telemetry } from "./telemetry.ts";

/** Has a logger told of each enqueue and each attempt, at its level `info`. */
export function callLog(logger: Pick<Logger, "info">, now: () => number = Date.now): Telemetry {
  return {
    enqueuing({ type, tube, count }) {
      const began = now();
      const said = (fields: object, message: string): void =>
        logger.info({ type, tube, count, ...fields, millis: now() - began }, message);
      return {
        enqueued: (ids) => said({ jobs: ids }, "enqueued"),
        failed: (err) => said({ err }, "not enqueued"),
      };
    },
    attempting({ id, type, attempt, enqueuedAt }) {
      const began = now();
      const waited = enqueuedAt !== undefined && { waitedMillis: began - enqueuedAt.getTime() };
      return {
        ended(outcome, err) {
          const fields = { job: id, type, attempt, outcome, ...waited, millis: now() - began };
          logger.info({ ...fields, ...(err !== undefined && { err }) }, "an attempt ended");
        },
      };
    },
  };
}
