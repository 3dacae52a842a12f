/*
 * A worker tells that a tube ran empty: each time that it did, and not before.
 */
import { expect, test, vi } from "vitest";
import { defineJob, unchecked } from "../../src/entries/queue.ts";
import type { Worker } from "../../src/entries/queue.ts";
import { until } from "../support/until.ts";
import { Gate, WorkerBed } from "./worker-bed.ts";

const mail = defineJob("mail", { payload: unchecked<number>() });
const sms = defineJob("sms", { payload: unchecked<number>() });

test("a worker tells that a tube ran empty when its last job has ended", async () => {
  await using bed = await WorkerBed.open("memory");
  const gate = new Gate();
  const told: string[] = [];
  await bed.queue.enqueueMany(mail, [1, 2]);
  await bed.queue.enqueue(mail, 4, { delay: "1h" });
  const worker = bed.work({
    concurrency: 3,
    handlers: [
      mail.handler((number) => (number < 3 ? gate.enter() : undefined)),
      sms.handler(() => undefined),
    ],
  });
  worker.on("success", ({ type }) => void told.push(type));
  worker.on("drained", ({ tube }) => void told.push(`${tube} is empty`));
  await bed.queue.enqueue(sms, 1);
  await until("the other tube is empty", () => told.length === 2);
  expect(told.splice(0)).toEqual(["sms", "sms is empty"]);
  await until("two wait", () => gate.inside === 2);
  gate.open();
  await until("all have ended, and it is told", () => told.length === 3);
  expect(told.splice(0)).toEqual(["mail", "mail", "mail is empty"]);
  await bed.pass("the late one is done, and it is told again", () => told.length === 2, 600);
  expect(told).toEqual(["mail", "mail is empty"]);
});

test("jobs that others take are waited for", async () => {
  await using bed = await WorkerBed.open("memory");
  const told: string[] = [];
  const jobs = await bed.queue.enqueueMany(mail, [1, 2]);
  const worker: Worker = bed.work({
    concurrency: 1,
    handlers: [mail.handler(() => worker.suspend())],
  });
  worker.on("success", ({ type }) => void told.push(type));
  worker.on("drained", ({ tube }) => void told.push(`${tube} is empty`));
  await until("one is done", () => told.length === 1);
  await until("the other is back", async () => (await bed.queue.stats("mail")).available === 1);
  expect(await bed.queue.cancel(jobs[1]?.id ?? "")).toBe("cancelled");
  await bed.pass("it is told", () => told.length === 2);
  expect(told).toEqual(["mail", "mail is empty"]);
});

test("a job that is looked at before it is tried again is still there", async () => {
  await using bed = await WorkerBed.open("memory");
  const told: string[] = [];
  const gate = new Gate();
  const looks = new Gate();
  const { backend } = bed.queue;
  const status = backend.status.bind(backend);
  vi.spyOn(backend, "status").mockImplementation(async (id) => {
    await looks.enter();
    return status(id);
  });
  await bed.queue.enqueueMany(mail, [1, 2]);
  const worker = bed.work({
    concurrency: 2,
    handlers: [
      mail.handler((number, { job }) => {
        if (number === 2) return gate.enter();
        if (job.attempt === 1) throw new Error("once");
        return undefined;
      }),
    ],
  });
  worker.on("success", ({ id }) => void told.push(id));
  worker.on("drained", ({ tube }) => void told.push(`${tube} is empty`));
  await until("one waits", () => gate.inside === 1);
  await bed.pass("the other is looked at", () => looks.inside === 1);
  gate.open();
  await until("the first is done", () => told.length === 1);
  for (let look = 0; look < 3; look++) await bed.queue.stats("mail");
  looks.open();
  await until("all is done, and it is told", () => told.length === 3);
  expect(told).toEqual(["2", "1", "mail is empty"]);
});
