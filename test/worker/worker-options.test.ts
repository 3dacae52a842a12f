/* What a worker's options may not be, also where no type checker looked. */
import { expect, test } from "vitest";
import { defineJob, unchecked } from "../../src/entries/queue.ts";
import { workerSettings } from "../../src/worker/worker-options.ts";
import type { WorkerOptions } from "../../src/worker/worker-options.ts";

const job = defineJob("job", { payload: unchecked<number>() });
const handlers = [job.handler(() => undefined)];

test.each([
  ["an option", { handlers, concurency: 3 }, "createWorker: concurency: no such option"],
  ["what stops it", { handlers, stop: { grce: "1s" } }, "stop: grce: no such option"],
  ["how many slots it has", { handlers, concurrency: 0 }, "concurrency: with 0 no job would"],
  ["a range", { handlers, concurrency: { min: 3, max: 2 } }, "concurrency: min is more than max"],
  ["a handler", { handlers: [...handlers, job] }, "handlers[1] is no handler; write definition."],
  ["the handlers", {}, "handlers: a worker has one or more"],
  ["their number", { handlers: [] }, "handlers: a worker has one or more"],
  ["two of one name", { handlers: [...handlers, ...handlers] }, "two of them are for jobs of the"],
])("what is wrong about %s is refused", (_, options, message) => {
  expect(() => workerSettings(options as WorkerOptions<undefined>)).toThrow(
    expect.objectContaining({ code: "HM_OPTION", message: expect.stringContaining(message) }),
  );
});
