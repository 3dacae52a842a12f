/* fivebeans: callbacks, replies as words, YAML parsed by the library. */
import { once } from "node:events";
import fivebeans from "fivebeans";
import { asNames, asStats, type Client, type Job, type Library } from "./library.ts";

/** The library fivebeans. */
export const FIVEBEANS: Library = {
  name: "fivebeans",
  connect: async (host, port) => {
    const beans = new fivebeans.client(host, port);
    const connected = once(beans, "connect");
    beans.connect();
    await connected;
    return clientOf(beans);
  },
};

type Answer = (error: string | null, ...values: unknown[]) => void;

function clientOf(beans: InstanceType<typeof fivebeans.client>): Client {
  return {
    use: (tube) => done((answer) => beans.use(tube, answer)),
    watch: (tube) => done((answer) => beans.watch(tube, answer)),
    put: async ({ body, pri, delaySeconds, ttrSeconds }) =>
      String(await first((answer) => beans.put(pri, delaySeconds, ttrSeconds, body, answer))),
    reserve: (seconds) =>
      values((answer) => beans.reserve_with_timeout(seconds, answer)).then(jobOf, nothingIfLate),
    delete: (id) => done((answer) => beans.destroy(id, answer)),
    release: (id, pri, delaySeconds) =>
      done((answer) => beans.release(id, pri, delaySeconds, answer)),
    bury: (id, pri) => done((answer) => beans.bury(id, pri, answer)),
    touch: (id) => done((answer) => beans.touch(id, answer)),
    kick: async (bound) => Number(await first((answer) => beans.kick(bound, answer))),
    kickJob: (id) => done((answer) => beans.kick_job(id, answer)),
    peek: async (id) => jobOf(await values((answer) => beans.peek(id, answer))),
    peekBuried: async () => jobOf(await values((answer) => beans.peek_buried(answer))),
    pauseTube: (tube, seconds) => done((answer) => beans.pause_tube(tube, seconds, answer)),
    statsJob: async (id) => asStats(await first((answer) => beans.stats_job(id, answer))),
    statsTube: async (tube) => asStats(await first((answer) => beans.stats_tube(tube, answer))),
    stats: async () => asStats(await first((answer) => beans.stats(answer))),
    listTubes: async () => asNames(await first((answer) => beans.list_tubes(answer))),
    close: async () => {
      const closed = once(beans, "close");
      beans.end();
      await closed;
    },
  };
}

function values(call: (answer: Answer) => void): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    call((error, ...words) => (error === null ? resolve(words) : reject(new Error(error))));
  });
}

async function first(call: (answer: Answer) => void): Promise<unknown> {
  return (await values(call))[0];
}

async function done(call: (answer: Answer) => void): Promise<void> {
  await values(call);
}

function jobOf([id, body]: unknown[]): Job {
  if (!Buffer.isBuffer(body)) throw new TypeError("no body");
  return { id: String(id), body };
}

function nothingIfLate(error: unknown): undefined {
  if (error instanceof Error && error.message === "TIMED_OUT") return;
  throw error;
}
