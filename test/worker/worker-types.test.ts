/* What a worker's types say: what is right compiles, what is wrong does not (`npm run check`). */
import { expectTypeOf, test } from "vitest";
import { createWorker, defineJob, unchecked } from "../../src/entries/queue.ts";
import type { JobQueue } from "../../src/entries/queue.ts";

const add = defineJob("add", { payload: unchecked<number[]>(), result: unchecked<number>() });
const sum = (numbers: readonly number[]): number => numbers.reduce((one, other) => one + other, 0);

test("the state of a slot is known in its handlers, from what init makes", () => {
  const made = (queue: JobQueue) =>
    createWorker(queue, {
      init: async (stack) => ({ rows: stack.adopt([0], () => undefined) }),
      handlers: (on) => [
        on(add, (payload, context) => {
          expectTypeOf(payload).toEqualTypeOf<number[]>();
          expectTypeOf(context.state).toEqualTypeOf<{ rows: number[] }>();
          context.enqueueOnSuccess(add, [1]);
          return sum(context.state.rows);
        }),
      ],
    });
  expectTypeOf(made).returns.toExtend<AsyncDisposable>();
});

test("what is wrong does not compile", () => {
  const wrong = (queue: JobQueue): readonly unknown[] => [
    // @ts-expect-error a handler gives what its job promises
    add.handler(() => "many"),
    // @ts-expect-error a job that follows has the payload of its definition
    add.handler((_, { enqueueOnSuccess }) => (enqueueOnSuccess(add, "1, 2"), 0)),
    createWorker(queue, {
      init: () => ({ rows: 1 }),
      // @ts-expect-error there is no such thing in its state
      handlers: (on) => [on(add, (_, { state }) => state.columns)],
    }),
    // @ts-expect-error a grace has a unit
    createWorker(queue, { handlers: [add.handler(sum)], stop: { grace: "soon" } }),
  ];
  expectTypeOf(wrong).returns.toExtend<readonly unknown[]>();
});
