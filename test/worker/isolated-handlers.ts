/* Isolated handlers: the module that threads and processes of the tests load. */
import process from "node:process";
import { isMainThread, parentPort, threadId } from "node:worker_threads";
import { Discard, handlerModule, Reinitialise } from "../../src/worker/public.ts";
import { RetryLater, Snooze } from "../../src/worker/public.ts";
import * as jobs from "./isolated-jobs.ts";
import { UNREADABLE } from "./unreadable.ts";

const forever = (): Promise<never> => new Promise(() => setInterval(() => undefined, 1000));

const STRAY = [
  null,
  undefined,
  "a text",
  [],
  { kind: "log", level: "nonsense" },
  { kind: "outcome", run: 1, outcome: null },
  { kind: "failed" },
].filter((message) => message !== undefined || !isMainThread); // Node itself sends no undefined

function fail(how: string, attempt: number): void {
  if (how === "discard") throw new Discard("hopeless", { cause: new Error("no such customer") });
  if (how === "snooze" && attempt === 1) throw new Snooze("1h");
  if (how === "later") throw new RetryLater("1h", { cause: new RangeError("the limit") });
  const root = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  throw new TypeError("cannot send", { cause: new Error("no connection", { cause: root }) });
}

async function end(how: string): Promise<void> {
  if (how === "exit") process.exit(3);
  if (how === "abort") process.abort();
  if (how === "throw") setTimeout(() => fail("anyhow", 1));
  if (how === "reject") void Promise.reject(new RangeError("nobody caught this"));
  if (how === "memory") {
    const held: unknown[] = [];
    for (;;) held.push(Array.from({ length: 10_000 }, (_, index) => ({ index })));
  }
  await forever();
}

export const { init, handlers } = handlerModule({
  init: (stack) => {
    const state = { used: 0 };
    stack.defer(() => void process.stdout.write(""));
    return state;
  },
  handlers: (on) => [
    on(jobs.double, (number) => {
      return { doubled: number * 2, where: isMainThread ? `pid ${process.pid}` : `${threadId}` };
    }),
    on(jobs.thrower, (how, { job }) => fail(how, job.attempt)),
    on(jobs.talker, async (number, { job, log, progress, touch, enqueueOnSuccess }) => {
      log.info({ number, error: new Error("logged"), circle: globalThis }, "a line");
      progress({ at: 1 });
      progress({ at: 2 });
      await touch();
      enqueueOnSuccess(jobs.double, number + 1);
      return `${job.id} ${job.type} ${job.tube} ${job.attempt} ${job.key}`;
    }),
    on(jobs.killer, async (how, { job }) => {
      if (job.attempt === 1) await end(how);
      return job.attempt;
    }),
    on(jobs.endless, async (how, { signal }) => {
      if (how === "busy") for (;;);
      if (how === "idle") await forever();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      signal.throwIfAborted();
    }),
    on(jobs.long, async (how, { signal, progress }) => {
      progress("begun");
      if (how === "idle") await forever();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      signal.throwIfAborted();
    }),
    on(jobs.unreadable, (at) => {
      throw UNREADABLE[at]?.[1]();
    }),
    on(jobs.stray, (_, { log }) => {
      for (const message of STRAY) {
        if (isMainThread) process.send?.(message);
        else parentPort?.postMessage(message);
      }
      const odd: unknown[] = [null, undefined, "a text", 7n, new Error("as fields")];
      for (const fields of odd) log.info(fields as object, "an odd line");
      return "done";
    }),
    on(jobs.orphan, async (_, { progress }) => {
      progress(process.pid);
      await new Promise((resolve) => setImmediate(resolve)); // the note is on its way
      for (;;);
    }),
    on(jobs.counter, (what, { state }) => {
      if (what === "reinitialise") throw new Reinitialise("it went stale");
      return ++state.used;
    }),
  ],
});
