/* Started worker: a dedicated worker, as the page or the worker that started it sees it, and the
 * other side: what such a worker begins with.
 *
 * A browser tells nobody that a worker is gone: one that closed itself, or that the browser ended.
 * So a worker holds a lock of its own as long as it lives (navigator.locks), which is given to
 * whoever started it afterwards, however it ended. Of one that is ended before it holds that,
 * nothing tells; so one that does not begin in time counts as gone. Used by page-queue.ts and
 * worker-broker.ts.
 */
import { released, waitForLock } from "./held-lock.ts";

/** A worker that was started. */
export interface StartedWorker {
  /** Says something; what is in `transfer` goes over there. */
  post(message: unknown, transfer?: readonly object[]): void;
  /** Ends it without another word, of which nobody hears. Resolves when it is gone. */
  end(): Promise<void>;
}

/** Who hears what becomes of a worker. */
export interface WorkerSupervisor {
  heard(said: unknown): void;
  /** It failed, or ended without having been told to. `why` is one line. */
  died(why: string): void;
}

/** What a worker begins with. */
interface Birth {
  /** The name of the lock that it holds. */
  readonly life: string;
  readonly seed: unknown;
}

/** For its script to be loaded and run, on a slow network too. */
const BEGIN_MS = 60_000;
/** What a worker says once it holds its lock. */
const ALIVE = "alive";

/** Gives a worker its seed, whose parts in `transfer` go over there. */
export function startWorker(
  worker: Worker,
  seed: unknown,
  transfer: readonly object[],
  supervisor: WorkerSupervisor,
): StartedWorker {
  const life = `homemaker worker ${crypto.randomUUID()}`;
  let isOver = false;
  const died = (why: string): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(patience);
    worker.terminate();
    supervisor.died(why);
  };
  const patience = setTimeout(() => died("it has not begun within a minute"), BEGIN_MS);
  worker.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (isOver) return;
    if (data === ALIVE) {
      clearTimeout(patience);
      void released(life).then(() => died("it ended without a word"));
    } else supervisor.heard(data);
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault(); // it is told here
    died(event.message || "its script cannot be loaded");
  });
  worker.addEventListener("messageerror", () => died("it said what cannot be read"));
  const birth: Birth = { life, seed };
  worker.postMessage(birth, transfer as Transferable[]);
  return {
    post: (message, parts = []) => worker.postMessage(message, parts as Transferable[]),
    async end() {
      isOver = true;
      clearTimeout(patience);
      worker.terminate();
      await released(life);
    },
  };
}

/** In a worker: what it was given. Call it once, before anything is awaited. */
export async function born(): Promise<unknown> {
  addEventListener("unhandledrejection", ({ reason }) => {
    setTimeout(() => {
      throw reason; // where whoever started this worker hears it
    });
  });
  const { life, seed } = await new Promise<Birth>((resolve) => {
    addEventListener("message", ({ data }: MessageEvent<Birth>) => resolve(data), { once: true });
  });
  await waitForLock(life); // it is held until this worker is gone
  tell(ALIVE);
  return seed;
}

/** In a worker: tells something to whoever started it. */
export function tell(said: unknown): void {
  (globalThis as unknown as Pick<Worker, "postMessage">).postMessage(said);
}
