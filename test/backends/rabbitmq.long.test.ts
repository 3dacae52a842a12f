/*
 * Jobs in a RabbitMQ: the suite of all back ends; workers; and a broker that is killed.
 *
 * @module-tag rabbitmq-server
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import { importAmqplib, openRabbit } from "../../src/rabbitmq/rabbit-target.ts";
import { STEP_MILLIS, stepFor } from "../../src/rabbitmq/rabbit-queues.ts";
import { RabbitServer } from "../support/rabbitmq.ts";
import { printedOn, ROOT, RUNTIME_NAMES } from "../support/runtimes.ts";
import { pause, until } from "../support/until.ts";
import { bytesOf, Hands, jobOf } from "./beds.ts";
import { PEER_FOUND, PEER_ROUND } from "./peer-found.ts";
import { rabbitKind } from "./rabbitmq-kind.ts";
import { backendSuite } from "./suite.ts";

/** A single broker's queue that was just made may not come back when it is killed. */
const SETTLING_MS = 5000;

let server: RabbitServer;
beforeAll(async () => {
  server = await RabbitServer.start();
}, 150_000);
afterAll(() => server.end());

backendSuite(rabbitKind(() => server));

const greet = defineJob("greet", { payload: unchecked<string>(), result: unchecked<string>() });

test("workers run jobs, and whoever calls gets the result, early or late", async () => {
  await using queue = await openQueue(server.url);
  await using worker = createWorker(queue, {
    prefetch: 20,
    handlers: [
      greet.handler((name) => {
        if (name === "bob") throw new Error("no such person");
        return `Hello, ${name}.`;
      }),
    ],
  });
  void worker.run();
  expect(await queue.call(greet, "ann")).toBe("Hello, ann.");
  const late = await queue.enqueue(greet, "cid");
  await queue.call(greet, "dan");
  expect(await late.result()).toBe("Hello, cid.");
  await expect(queue.call(greet, "bob")).rejects.toMatchObject({
    code: "HM_JOB_FAILED",
    end: "buried",
  });
  await expect(queue.enqueue(greet, "eve", { unique: "k" })).rejects.toMatchObject({
    code: "HM_NOT_SUPPORTED",
  });
});

test.each(RUNTIME_NAMES)("a queue works on %s", async (runtime) => {
  const target = JSON.stringify({ rabbitmq: server.url, prefix: runtime });
  expect(await printedOn(runtime, ROOT, PEER_ROUND, target)).toEqual(PEER_FOUND);
});

test("several are one as a spread: workers hold no more than they can, and results come", async () => {
  const spread = ["one", "other"].map((prefix) => ({ rabbitmq: server.url, prefix }));
  await using queue = await openQueue({ spread });
  const names = Array.from({ length: 40 }, (_, index) => String(index));
  const jobs = await queue.enqueueMany(greet, names); // before there is a worker: it makes queues
  let [running, most] = [0, 0];
  const attempts = new Set<number>();
  await using worker = createWorker(queue, {
    concurrency: 3,
    handlers: [
      greet.handler(async (name, { job }) => {
        most = Math.max(most, ++running);
        attempts.add(job.attempt);
        await pause(1);
        running--;
        return `Hello, ${name}.`;
      }),
    ],
  });
  void worker.run();
  expect(await Promise.all(jobs.map((job) => job.result()))).toEqual(
    names.map((name) => `Hello, ${name}.`),
  );
  expect([most <= 3, [...attempts]]).toEqual([true, [1]]);
  expect(new Set(jobs.map(({ id }) => id.replace(/^.*\//, "")))).toEqual(new Set(["one", "other"]));
});

test("a job that follows from another is there when that one is done", async () => {
  await using backend = await openRabbit({ rabbitmq: server.url, prefix: "follow" });
  const hands = new Hands();
  await backend.put([jobOf("a", { tube: "first" })]);
  backend.consume(["first", "second"], { window: 1, take: hands.take });
  const held = await hands.next();
  await held.complete({ next: [jobOf("b", { tube: "second" })] });
  expect(await hands.done(1)).toEqual(["b"]);
});

test("a broker without memory refuses jobs, and those that it has are run, or wait", async () => {
  await using backend = await openRabbit({ rabbitmq: server.url, prefix: "alarm" });
  const hands = new Hands();
  const consumer = backend.consume(["work"], { window: 3, take: hands.take });
  await backend.put(["a", "b", "c"].map((text) => jobOf(text, { tube: "work" })));
  const [a, b, c] = [await hands.next(), await hands.next(), await hands.next()];
  const others = new Hands();
  const closing = backend.consume(["more"], { window: 1, take: others.take });
  await backend.put([jobOf("e", { tube: "more" })]);
  await others.next();
  await server.alarm(true);
  await until("it refuses", async () => {
    const [outcome] = await backend.put([jobOf("d", { tube: "other" })]);
    return outcome !== undefined && "error" in outcome && codeOf(outcome.error) === REFUSED;
  });
  await a.complete({ result: bytesOf("done") });
  await expect(b.release()).rejects.toMatchObject({ code: REFUSED });
  expect(b.isHeld).toBe(true);
  const waiting = b.handBack();
  await c.complete();
  await closing.close(); // what it holds goes back as it is
  await until("it is back", async () => (await backend.stats("more")).available === 1);
  await server.alarm(false);
  await waiting;
  await hands.done(1);
  await until("nothing is left", async () => {
    const { available, active } = await backend.stats("work");
    return available + active === 0;
  });
  await consumer.close();
}, 120_000);

test("a broker that is killed comes back, and with it the jobs and who waits", async () => {
  await using backend = await openRabbit({ rabbitmq: server.url, prefix: "killed" });
  const hands = new Hands();
  const troubles: Error[] = [];
  const troubled = (error: Error): void => void troubles.push(error);
  backend.consume(["work"], { window: 1, take: hands.take, troubled });
  const [outcome] = await backend.put([jobOf("a", { tube: "work" })]);
  const held = await hands.next();
  await pause(SETTLING_MS);
  const id = outcome !== undefined && "id" in outcome ? outcome.id : "";
  const end = backend.end(id, { timeoutMillis: Infinity });
  await server.kill();
  await until("the job is lost", () => held.signal.aborted);
  await expect(held.complete()).rejects.toMatchObject({ code: "HM_NOT_HELD" });
  await server.again();
  const again = await hands.next();
  expect({ id: again.id, isLater: again.attempt > held.attempt }).toEqual({ id, isLater: true });
  await again.complete({ result: bytesOf("done") });
  expect(await end).toEqual({ end: "finished", result: bytesOf("done") });
  expect(troubles.length).toBeGreaterThan(0);
}, 150_000);

test("a wait is made of steps, of which none is too long but the last one", () => {
  expect([1, 999, 1000, 1999, 2000, 4_000_000, 9e9].map(stepFor)).toEqual([
    ...[1000, 1000, 1000, 1000, 2000, 3_600_000, 86_400_000],
  ]);
  expect(STEP_MILLIS.toSorted((a, b) => a - b)).toEqual(STEP_MILLIS);
});

test("what cannot be opened says why", async () => {
  await expect(openQueue("amqp://127.0.0.1:1")).rejects.toMatchObject({ code: "HM_UNREACHABLE" });
  await expect(openQueue({ rabbitmq: server.url, prefix: "a:b" })).rejects.toMatchObject({
    code: "HM_OPTION",
  });
  const missing = importAmqplib(() => Promise.reject(new Error("Cannot find package")));
  await expect(missing).rejects.toMatchObject({
    code: "HM_MISSING_PACKAGE",
    message: "the package amqplib is missing: npm install amqplib",
  });
});

const REFUSED = "HM_OUT_OF_MEMORY";

function codeOf(error: Error): unknown {
  return "code" in error ? error.code : undefined;
}
