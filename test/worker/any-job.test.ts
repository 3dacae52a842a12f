/* Jobs that a worker has no handler of their own for; and handlers that call back. */
import { expect, test } from "vitest";
import { connect } from "../../src/entries/client.ts";
import { anyJob, createWorker, defineJob, fromCallback } from "../../src/entries/queue.ts";
import { fromModule, JobFailedError, moveTo, openQueue } from "../../src/entries/queue.ts";
import { bury, unchecked } from "../../src/entries/queue.ts";
import { LastingServer } from "../backends/lasting-server.ts";
import { until } from "../support/until.ts";
import { found } from "./found-jobs.ts";

const ship = defineJob("ship", {
  payload: unchecked<number>(),
  version: 2,
  onFailure: moveTo("dead"),
});

test("dead letters of any kind are run, and those with a handler by that", async () => {
  await using queue = await openQueue({ memory: true });
  const pay = defineJob("pay", { payload: unchecked<string>(), onFailure: moveTo("dead") });
  const ran: unknown[] = [];
  const fail = (): never => {
    throw new Error("no such address");
  };
  await using first = createWorker(queue, { handlers: [ship.handler(fail), pay.handler(fail)] });
  void first.run();
  await queue.enqueue(ship, 7);
  await queue.enqueue(pay, "a");
  await until("both are dead", async () => (await queue.stats("dead")).available === 2);
  await first.stop();
  const known = defineJob("pay", { payload: unchecked<string>(), tube: "dead" });
  await using second = createWorker(queue, {
    concurrency: 1,
    handlers: [
      anyJob("dead").handler((job, { job: { type, tube, attempt } }) => {
        ran.push(["any", job, type, tube, attempt]);
        return "seen";
      }),
      known.handler((payload) => void ran.push(["pay", payload])),
    ],
  });
  void second.run();
  await until("both have run", () => ran.length === 2);
  expect(ran).toEqual(
    expect.arrayContaining([
      ["any", { type: "ship", payload: 7 }, "ship", "dead", 2],
      ["pay", "a"],
    ]),
  );
});

test("jobs of other programs are run, in a thread, too; one that fails is set aside", async () => {
  const server = await LastingServer.start();
  await using queue = await openQueue(server.url);
  await using client = await connect(server.address);
  await using worker = createWorker(queue, {
    concurrency: 1,
    handlers: fromModule(new URL("found-jobs.ts", import.meta.url), [found]),
  });
  void worker.run();
  await client.use("found");
  const { id: well } = await client.put("plain words");
  const { id: bad } = await client.put("fail");
  const text = await queue.result(found, String(well));
  expect(text).toEqual({ text: "plain words" });
  await expect(queue.result(found, String(bad))).rejects.toThrow(JobFailedError);
});

test("nothing is enqueued by it", async () => {
  await using queue = await openQueue({ memory: true });
  const any = anyJob("dead", { onFailure: bury() });
  await expect(queue.enqueue(any, undefined as never)).rejects.toMatchObject({ code: "HM_OPTION" });
});

test("a function that calls back is a handler", async () => {
  await using queue = await openQueue({ memory: true });
  const halve = defineJob("halve", {
    payload: unchecked<number>(),
    result: unchecked<number>(),
    onFailure: bury(),
  });
  await using worker = createWorker(queue, {
    handlers: [
      halve.handler(
        fromCallback((number, done) => {
          if (number === 0) throw new RangeError("nothing to halve");
          if (number % 2 === 1) setImmediate(() => done("it is odd"));
          else setImmediate(() => done(null, number / 2));
        }),
      ),
    ],
  });
  void worker.run();
  expect(await queue.call(halve, 8)).toBe(4);
  await expect(queue.call(halve, 7)).rejects.toThrow("it is odd");
  await expect(queue.call(halve, 0)).rejects.toThrow("nothing to halve");
});
