/* Outbox figures: what GET /metrics shows of the outbox; nothing where there is none. Used by
 * scrape.ts.
 */
import type { Figures } from "../observability/exposition.ts";
import type { OutboxFigures } from "./outbox.ts";

type Shown = Pick<Figures, "outboxTaken" | "outboxRefused" | "outboxOldest" | "outboxReachable">;

/** The series of a reader; undefined where there is no reader. */
export function outboxFigures(figures: OutboxFigures | undefined): Shown {
  const one = (value: number | undefined): Shown["outboxTaken"] =>
    value === undefined ? [] : [{ labels: {}, value }];
  return {
    outboxTaken: one(figures?.taken),
    outboxRefused: one(figures?.refused),
    outboxOldest: one(figures?.oldestSeconds),
    outboxReachable: one(figures && (figures.isThere ? 1 : 0)),
  };
}
