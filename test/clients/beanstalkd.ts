/*
 * beanstalkd (the npm package of that name): promises, values as the library makes them of the
 * reply's words. It lacks `kick`.
 */
import { createRequire } from "node:module";
import type { BeanstalkdClient, Exported } from "beanstalkd";
import { asNames, asStats, type Client, type Job, type Library } from "./library.ts";

const library: Exported = createRequire(import.meta.url)("beanstalkd");

/** The library beanstalkd. */
export const BEANSTALKD_CLIENT: Library = {
  name: "beanstalkd",
  connect: async (host, port) => clientOf(await new library.default(host, port).connect()),
};

function clientOf(client: BeanstalkdClient): Client {
  return {
    use: async (tube) => void (await client.use(tube)),
    watch: async (tube) => void (await client.watch(tube)),
    put: async ({ body, pri, delaySeconds, ttrSeconds }) =>
      String(await client.put(pri, delaySeconds, ttrSeconds, body)),
    reserve: (seconds) => client.reserveWithTimeout(seconds).then(jobOf, nothingIfLate),
    delete: async (id) => void (await client.destroy(id)),
    release: async (id, pri, delaySeconds) => void (await client.release(id, pri, delaySeconds)),
    bury: async (id, pri) => void (await client.bury(id, pri)),
    touch: async (id) => void (await client.touch(id)),
    kickJob: async (id) => void (await client.kickJob(id)),
    peek: async (id) => jobOf(await client.peek(id)),
    peekBuried: async () => jobOf(await client.peekBuried()),
    pauseTube: async (tube, seconds) => void (await client.pauseTube(tube, seconds)),
    statsJob: async (id) => asStats(await client.statsJob(id)),
    statsTube: async (tube) => asStats(await client.statsTube(tube)),
    stats: async () => asStats(await client.stats()),
    listTubes: async () => asNames(await client.listTubes()),
    close: () => client.quit(),
  };
}

function jobOf(answer: unknown): Job {
  const [id, body] = Array.isArray(answer) ? answer : [];
  if (!Buffer.isBuffer(body)) throw new TypeError("no body");
  return { id: String(id), body };
}

function nothingIfLate(error: unknown): undefined {
  if (error instanceof Error && error.message === "TIMED_OUT") return;
  throw error;
}
