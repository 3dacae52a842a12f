/*
 * What comes of many jobs, as it comes.
 */
import { expect, test } from "vitest";
import { bury, defineJob, resultsOf, unchecked } from "../../src/entries/queue.ts";
import { Gate, WorkerBed } from "./worker-bed.ts";

const slow = defineJob("slow", {
  payload: unchecked<number>(),
  result: unchecked<number>(),
  onFailure: bury(),
});

test("results come as the jobs end, with what each of them came to", async () => {
  await using bed = await WorkerBed.open("memory");
  const gate = new Gate();
  bed.work({
    concurrency: 3,
    handlers: [
      slow.handler(async (number) => {
        if (number === 1) await gate.enter();
        if (number === 2) throw new RangeError("no two");
        return number * 10;
      }),
    ],
  });
  const jobs = await bed.queue.enqueueMany(slow, [1, 2, 3]);
  const seen: unknown[] = [];
  for await (const outcome of resultsOf(jobs)) {
    const { job } = outcome;
    seen.push([job.id, outcome.status === "fulfilled" ? outcome.value : outcome.reason]);
    if (seen.length === 2) gate.open();
  }
  const early = new Map(seen.slice(0, 2) as [string, unknown][]);
  expect(early.get(jobs[1]?.id ?? "")).toMatchObject({ code: "HM_JOB_FAILED" });
  expect(early.get(jobs[2]?.id ?? "")).toBe(30);
  expect(seen[2]).toEqual([jobs[0]?.id, 10]);
});

test("who leaves, or has waited for too long, waits for no more", async () => {
  await using bed = await WorkerBed.open("memory");
  const jobs = await bed.queue.enqueueMany(slow, [1, 2]);
  const late: unknown[] = [];
  for await (const outcome of resultsOf(jobs, { timeout: 1 })) late.push(outcome);
  const reason = expect.objectContaining({ code: "HM_TIMEOUT" });
  expect(late).toEqual([
    { status: "rejected", reason, job: jobs[0] },
    { status: "rejected", reason, job: jobs[1] },
  ]);
  await bed.queue.cancel(jobs[1]?.id ?? "");
  for await (const { job, status } of resultsOf(jobs, { timeout: Infinity })) {
    expect([job, status]).toEqual([jobs[1], "rejected"]);
    break;
  }
  for await (const nothing of resultsOf([])) expect(nothing).toBeUndefined();
});
