/* In page: what tests run in a page, with the package as a user has it there. Each function returns
 * what can be posted; a function that leaves something behind keeps it in `left`.
 */
import {
  createWorker,
  defineJob,
  directoryBlobs,
  openQueue,
  shareQueue,
  unchecked,
} from "../../src/entries/browser.ts";
import type { JobQueue, QueueTarget } from "../../src/entries/browser.ts";

const add = defineJob("add", {
  payload: unchecked<readonly number[]>(),
  result: unchecked<number>(),
});
const hold = defineJob("hold", { payload: unchecked<string>() });
const left: { queue?: JobQueue } = {};

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}

/** The code of the error that a promise rejects with, and that of its cause; "" if it does not. */
async function codesOf(promise: Promise<unknown>): Promise<readonly string[]> {
  try {
    await promise;
    return [];
  } catch (error) {
    const { code, cause } = error as { code: string; cause?: { code?: string } };
    return [code, ...(cause?.code === undefined ? [] : [cause.code])];
  }
}

/** The locks of this origin that are held. */
async function locks(): Promise<number> {
  return (await navigator.locks.query()).held?.length ?? 0;
}

/** Jobs are put, taken and done, by a worker of the page; then all is closed. */
export async function round(target: QueueTarget): Promise<unknown> {
  const queue = await openQueue(target);
  const text = defineJob("text", { payload: unchecked<string>() });
  const taken: string[] = [];
  const worker = createWorker(queue, {
    handlers: [add.handler(sumOf), text.handler((one) => void taken.push(one))],
    concurrency: 4,
  });
  const running = worker.run();
  const long = "job ".repeat(15_000);
  await queue.enqueue(text, long);
  const sums = await Promise.all([1, 2, 3].map((one) => queue.call(add, [one, 10])));
  const later = await queue.enqueue(add, [1], { delay: "1h" });
  const cancelled = await queue.cancel(later.id);
  await worker.stop();
  await running;
  const { durable } = queue.can;
  await queue.close();
  return { sums, cancelled, isLongWhole: taken[0] === long, durable, locks: await locks() };
}

/** A job with a body of that size, and what lies beside the queue meanwhile and afterwards. */
export async function big(target: QueueTarget, bytes: number): Promise<unknown> {
  const store = directoryBlobs("blobs/big");
  const keys = (): Promise<readonly string[]> => Array.fromAsync(store.list());
  const length = defineJob("length", {
    payload: unchecked<string>(),
    result: unchecked<readonly [number, boolean]>(),
  });
  const text = "0123456789".repeat(bytes / 10);
  await using queue = await openQueue(target, { blobs: { store } });
  const job = await queue.enqueue(length, text);
  const during = (await keys()).length;
  const worker = createWorker(queue, {
    handlers: [length.handler((one) => [one.length, one === text] as const)],
  });
  const running = worker.run();
  const result = await job.result();
  await worker.stop();
  await running;
  const none = await store.read("none");
  return {
    during,
    result,
    after: (await keys()).length,
    none,
    key: await codesOf(store.read("../a")),
  };
}

/** A worker of this page joins its queue and calls what the page runs. */
export async function share(): Promise<unknown> {
  await using queue = await openQueue({ memory: true });
  const runs = createWorker(queue, { handlers: [add.handler(sumOf)] });
  const running = runs.run();
  const script = new URL("./joining-worker.ts", import.meta.url);
  const other = new Worker(script, { type: "module" });
  const shared = shareQueue(queue);
  const said: unknown[] = [];
  const closed = Promise.withResolvers<void>();
  other.addEventListener("message", ({ data }) => {
    said.push(data);
    if (said.length === 2) closed.resolve();
    else void runs.stop().then(() => queue.close());
  });
  other.postMessage(shared, [shared.port]);
  await closed.promise;
  await running;
  other.terminate();
  return said;
}

/** Opens a queue and puts so many jobs, each of so many bytes; it stays open. */
export async function keep(target: QueueTarget, count: number, bytes = 10): Promise<void> {
  const queue = await openQueue(target);
  left.queue = queue;
  const jobs = Array.from({ length: count }, (_, n) => String(n).padEnd(bytes));
  await queue.enqueueMany(hold, jobs);
}

/** Opens a queue and does all that it has; what it was, in order. The queue is closed. */
export async function drain(target: QueueTarget): Promise<readonly string[]> {
  const queue = await openQueue(target);
  const done: string[] = [];
  const { available } = await queue.stats(hold.name);
  const all = Promise.withResolvers<void>();
  if (available === 0) all.resolve();
  const handler = hold.handler((text) => {
    done.push(text.trim());
    if (done.length === available) all.resolve();
  });
  const worker = createWorker(queue, { handlers: [handler] });
  const running = worker.run();
  await all.promise;
  await worker.stop();
  await running;
  await queue.close();
  return done;
}

/** Closes what was left open. */
export async function close(): Promise<void> {
  await left.queue?.close();
}

/** Puts jobs into what was left open until one is refused, or there are so many: with what. */
export async function fill(most: number, bytes: number): Promise<string | undefined> {
  const { queue } = left as Required<typeof left>;
  const body = "x".repeat(bytes);
  for (let count = 0; count < most; count++) {
    const [code] = await codesOf(queue.enqueue(hold, body));
    if (code !== undefined) return code;
  }
  return undefined;
}

/** Opens a queue, and leaves somebody waiting at it. */
export async function wait(target: QueueTarget): Promise<void> {
  const queue = await openQueue(target);
  left.queue = queue;
  const worker = createWorker(queue, { handlers: [hold.handler(() => undefined)] });
  Object.assign(left, { running: codesOf(worker.run()), called: codesOf(queue.call(add, [1])) });
  await queue.enqueue(add, [2]);
}

/** What those hear who waited, and who comes afterwards. */
export async function heard(): Promise<unknown> {
  const { queue, running, called } = left as Required<typeof left> & Record<string, unknown>;
  const waited = await Promise.all([running, called]);
  const later = await codesOf(queue.enqueue(add, [1]));
  await queue.close();
  return [...waited, later];
}

/** What opening it rejects with. */
export async function refusal(target: QueueTarget): Promise<unknown> {
  try {
    await (await openQueue(target)).close();
    return undefined;
  } catch (error) {
    const { code, message, reason } = error as { code: string; message: string; reason?: string };
    return { code, message, reason };
  }
}
