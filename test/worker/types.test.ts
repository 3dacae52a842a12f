/* What the queue's types say: what is right compiles, what is wrong does not (`npm run check`). */
import { expectTypeOf, test } from "vitest";
import { defineJob, unchecked } from "../../src/entries/queue.ts";
import type { Enqueued, JobQueue, QueueTarget, ResultOf } from "../../src/entries/queue.ts";

const add = defineJob("add", { payload: unchecked<number[]>(), result: unchecked<number>() });

test("what comes of a job is known where it is enqueued, called and asked for", () => {
  const asked = (queue: JobQueue) => ({
    enqueued: queue.enqueue(add, [1, 2]),
    many: queue.enqueueMany(add, [[1], [2]], { priority: "low" }),
    called: queue.call(add, [1, 2], { timeout: "5s" }),
    result: queue.result(add, "7"),
  });
  expectTypeOf(asked).returns.toEqualTypeOf<{
    enqueued: Promise<Enqueued<typeof add>>;
    many: Promise<readonly Enqueued<typeof add>[]>;
    called: Promise<number>;
    result: Promise<number>;
  }>();
  expectTypeOf<ResultOf<typeof add>>().toEqualTypeOf<number>();
});

test("what is wrong does not compile", () => {
  const wrong = (queue: JobQueue): readonly unknown[] => [
    // @ts-expect-error a payload is what its schema says
    queue.enqueue(add, "1, 2"),
    // @ts-expect-error a delay has a unit
    queue.enqueue(add, [1], { delay: "5 minutes" }),
    // @ts-expect-error there is no such priority
    queue.enqueue(add, [1], { priority: "soon" }),
    // @ts-expect-error a completed job is in no tube
    queue.jobs({ tube: "add", state: "completed" }),
    // @ts-expect-error a definition has a payload
    defineJob("none", {}),
  ];
  expectTypeOf(wrong).returns.toExtend<readonly unknown[]>();
});

test("a target is an engine in this process, a server, a Redis, or a back end", () => {
  expectTypeOf<{ memory: true; shards: number }>().toExtend<QueueTarget>();
  expectTypeOf<{ directory: string; durability: "os" }>().toExtend<QueueTarget>();
  expectTypeOf<"homemaker://10.0.0.7,10.0.0.8">().toExtend<QueueTarget>();
  expectTypeOf<"ws://10.0.0.7:11302">().toExtend<QueueTarget>();
  expectTypeOf<JobQueue["backend"]>().toExtend<QueueTarget>();
  expectTypeOf<"amqp://10.0.0.7">().toExtend<QueueTarget>();
  expectTypeOf<"redis://10.0.0.7">().toExtend<QueueTarget>();
  expectTypeOf<{ redis: { path: string }; prefix: string }>().toExtend<QueueTarget>();
  expectTypeOf<"http://10.0.0.7">().not.toExtend<QueueTarget>();
  expectTypeOf<{ cloud: true }>().not.toExtend<QueueTarget>();
});
