/* Process figures: what GET /metrics shows of the process, whatever its jobs do. Used by scrape.ts,
 * and for a server that stands by.
 */
import { MICROS } from "../clock.ts";
import { COUNTER_LAG_MILLIS } from "../engine/common.ts";
import type { Figures, Labels, Sample } from "../observability/exposition.ts";
import type { Desk } from "../session/desk.ts";

/** One series. */
export function one(value: number, labels: Labels = {}): readonly Sample[] {
  return [{ labels, value }];
}

/** The same of what there may not be: no series then. */
export function oneOf(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : one(value);
}

export function infoFigures({ facts }: Desk): Pick<Figures, "info"> {
  return { info: one(1, { version: facts.version, id: facts.id }) };
}

export function processFigures({
  common,
  facts,
}: Desk): Pick<Figures, "eventLoopLag" | "processCpu" | "processStart" | "processMemory"> {
  const { user, system } = facts.cpuMicros();
  return {
    eventLoopLag: Array.from({ length: common.threads }, (_, thread) => ({
      labels: { thread: String(thread) },
      value: (common.counters(thread)[COUNTER_LAG_MILLIS] ?? 0) / 1000,
    })),
    processCpu: one((user + system) / MICROS),
    processStart: one(common.wallBaseMicros / MICROS),
    processMemory: one(facts.residentBytes()),
  };
}
