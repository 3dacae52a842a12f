/* Outbox figures: what GET /metrics shows of the outbox; nothing where there is none. Used by
 * scrape.ts.
 */
import type { Figures } from "../observability/exposition.ts";
import type { OutboxFigures } from "./outbox.ts";
import { oneOf } from "./process-figures.ts";

type Shown = Pick<Figures, "outboxTaken" | "outboxRefused" | "outboxOldest" | "outboxReachable">;

/** The series of a reader; undefined where there is no reader. */
export function outboxFigures(figures: OutboxFigures | undefined): Shown {
  return {
    outboxTaken: oneOf(figures?.taken),
    outboxRefused: oneOf(figures?.refused),
    outboxOldest: oneOf(figures?.oldestSeconds),
    outboxReachable: oneOf(figures && (figures.isThere ? 1 : 0)),
  };
}
