/* Numbered: jobs for workers that die: each has a number, and comes to another one. */
import { defineJob, keepResult, retry, unchecked } from "../../../src/entries/browser.ts";

export const numbered = defineJob("numbered", {
  payload: unchecked<number>(),
  result: unchecked<number>(),
  lease: "30s",
  onSuccess: keepResult("1h"),
  onFailure: retry({ attempts: 1000, backoff: () => 1 }),
});

/** What a job comes to. */
export function resultOf(job: number): number {
  return job * 2 + 1;
}

/** The clock of all workers and pages, in milliseconds. */
export function nowMillis(): number {
  return performance.timeOrigin + performance.now();
}
