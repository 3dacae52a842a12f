/*
 * What one worker limits for itself: how many jobs of a tube it has at a time, and how many it
 * takes in a while. What may not run yet stays in the queue.
 */
import { expect, test } from "vitest";
import { defineJob, unchecked } from "../../src/entries/queue.ts";
import { ClientBackend } from "../../src/worker/client-backend.ts";
import { until } from "../support/until.ts";
import { Gate, WorkerBed } from "./worker-bed.ts";

const mail = defineJob("mail", { payload: unchecked<number>() });
const sms = defineJob("sms", { payload: unchecked<number>() });
const NUMBERS = [1, 2, 3, 4, 5, 6];

test("of a tube no more run at a time than localLimits says, and others have the rest", async () => {
  await using bed = await WorkerBed.open("memory");
  const [mails, others] = [new Gate(), new Gate()];
  await bed.queue.enqueueMany(mail, NUMBERS);
  await bed.queue.enqueueMany(sms, NUMBERS);
  const worker = bed.work({
    concurrency: 5,
    localLimits: { mail: 2 },
    handlers: [mail.handler(() => mails.enter()), sms.handler(() => others.enter())],
  });
  const attempts: number[] = [];
  worker.on("success", ({ attempt }) => void attempts.push(attempt));
  await until("all slots are busy", () => mails.inside + others.inside === 5);
  expect(mails.inside).toBeLessThanOrEqual(2);
  await until("what has no slot is back", async () => (await bed.queue.stats()).active === 5);
  others.open();
  await until("the limit is reached", () => mails.inside === 2);
  expect(await bed.queue.stats("mail")).toMatchObject({ available: 4, active: 2 });
  await until("all is done", () => {
    expect(mails.inside).toBeLessThanOrEqual(2);
    mails.open();
    others.open();
    return attempts.length === 12;
  });
  expect(new Set(attempts)).toEqual(new Set([1]));
});

test("of a tube no more are taken in a while than localRate says", async () => {
  await using bed = await WorkerBed.open("memory");
  await bed.queue.enqueueMany(mail, [...NUMBERS, 7, 8]);
  const starts: number[] = [];
  const worker = bed.work({
    localRate: { mail: { most: 3, per: "10s" } },
    handlers: [mail.handler(() => void starts.push(bed.now()))],
  });
  let done = 0;
  worker.on("success", ({ attempt }) => (done += attempt));
  await until("the first are done", () => done === 3);
  expect(await bed.queue.stats("mail")).toMatchObject({ available: 5, active: 0 });
  await bed.pass("all are done", () => done === 8);
  for (const [at, start] of starts.entries()) {
    expect((starts[at + 3] ?? Infinity) - start).toBeGreaterThanOrEqual(10_000);
  }
});

test("a worker with limits ends with its back end, as any other", async () => {
  await using bed = await WorkerBed.open("memory");
  const { backend } = bed.queue;
  if (!(backend instanceof ClientBackend)) throw new TypeError("another back end");
  const handlers = [mail.handler(() => undefined), sms.handler(() => undefined)];
  const worker = bed.worker({ handlers, localLimits: { mail: 1 } });
  const running = worker.run();
  backend.fail(new Error("the disk is gone"));
  await expect(running).rejects.toThrow("the disk is gone");
});

test.each([
  [{ localLimits: { mial: 1 } }, "localLimits.mial: no handler is for jobs of that tube"],
  [{ localLimits: { mail: 0 } }, "localLimits.mail: 0 is no whole number above 0"],
  [{ localRate: { mail: { most: 1.5, per: "1s" } } }, "localRate.mail.most: 1.5 is no whole"],
  [{ localRate: { mail: { most: 1, per: 0 } } }, "localRate.mail.per: a while is longer"],
  [{ localRate: { mail: { most: 1, pre: "1s" } } }, "localRate.mail: pre: no such option"],
])("%j is refused", async (options, message) => {
  await using bed = await WorkerBed.open("memory");
  const handlers = [mail.handler(() => undefined)];
  const make = (): unknown => bed.worker({ handlers, ...(options as object) });
  expect(make).toThrow(expect.objectContaining({ code: "HM_OPTION" }));
  expect(make).toThrow(message);
});
