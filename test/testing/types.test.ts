/* What the types of the queue for tests, and of what watches, say: what is right compiles, what is
 * wrong does not (`npm run check`).
 */
import { expectTypeOf, test } from "vitest";
import type { Prometheus } from "../../src/entries/prometheus.ts";
import { defineJob, unchecked } from "../../src/entries/queue.ts";
import type { Telemetry, Worker, WorkerEvent } from "../../src/entries/queue.ts";
import type { DrainReport, TestQueue, WaitingJob } from "../../src/entries/testing.ts";

const mail = defineJob("mail", {
  payload: unchecked<{ to: string; copies?: { to: string }[] }>(),
  result: unchecked<number>(),
});

test("what a test is given is known", () => {
  const asked = (queue: TestQueue, worker: Worker) => ({
    drained: queue.drain(worker),
    inline: queue.runInline(mail, { to: "ann" }, worker),
    waiting: queue.enqueued(mail),
    found: queue.assertEnqueued(mail, { copies: [{ to: "bob" }] }),
    none: queue.assertNotEnqueued(mail, ({ to }) => to === ""),
  });
  type Mail = WaitingJob<{ to: string; copies?: { to: string }[] }>;
  expectTypeOf(asked).returns.toEqualTypeOf<{
    drained: Promise<DrainReport>;
    inline: Promise<number>;
    waiting: Promise<readonly Mail[]>;
    found: Promise<Mail>;
    none: Promise<void>;
  }>();
});

test("events that are read are known by their names", () => {
  const read = (worker: Worker) => worker.events("success", "stopped").next();
  type Read = Awaited<ReturnType<typeof read>>["value"];
  expectTypeOf<Read>().toEqualTypeOf<WorkerEvent<"success" | "stopped"> | undefined>();
  expectTypeOf<Extract<WorkerEvent, { name: "stopped" }>["event"]["finished"]>().toBeNumber();
  expectTypeOf<Prometheus>().toExtend<Telemetry>();
});

test("what is wrong does not compile", () => {
  const wrong = (queue: TestQueue, worker: Worker): readonly unknown[] => [
    // @ts-expect-error a payload is what its schema says
    queue.runInline(mail, { to: 7 }, worker),
    // @ts-expect-error there is nothing like that in the payload
    queue.assertEnqueued(mail, { subject: "x" }),
    // @ts-expect-error a step of time has a unit
    queue.advance("3 days"),
    // @ts-expect-error there is no such event
    worker.events("finished"),
    // @ts-expect-error events have names
    worker.events(),
  ];
  expectTypeOf(wrong).returns.toExtend<readonly unknown[]>();
});
