/*
 * node-beanstalk: promises, ids as numbers, refusals as null or false, bodies through a serializer.
 */
import { Client as BeanstalkClient } from "node-beanstalk";
import { asNames, asStats, type Client, type Job, type Library } from "./library.ts";

/** The library node-beanstalk. */
export const NODE_BEANSTALK: Library = {
  name: "node-beanstalk",
  connect: async (host, port) => {
    const client = new BeanstalkClient({ host, port, serializer: RAW });
    await client.connect();
    return clientOf(client);
  },
};

/** Bodies as they are, instead of the library's JSON. */
const RAW = {
  serialize: (body: unknown): Buffer => (Buffer.isBuffer(body) ? body : Buffer.from(String(body))),
  deserialize: (body: Buffer): Buffer => body,
};

function clientOf(client: BeanstalkClient): Client {
  return {
    use: async (tube) => void (await client.use(tube)),
    watch: async (tube) => void (await client.watch(tube)),
    put: async ({ body, pri, delaySeconds, ttrSeconds }) =>
      String((await client.put(body, ttrSeconds, pri, delaySeconds)).id),
    reserve: async (seconds) => {
      const job = await client.reserveWithTimeout(seconds);
      return job === null ? undefined : jobOf(job);
    },
    delete: async (id) => accepted(await client.delete(Number(id))),
    release: async (id, pri, delaySeconds) =>
      accepted(await client.release(Number(id), pri, delaySeconds)),
    bury: async (id, pri) => accepted(await client.bury(Number(id), pri)),
    touch: async (id) => accepted(await client.touch(Number(id))),
    kick: (bound) => client.kick(bound),
    kickJob: async (id) => accepted(await client.kickJob(Number(id))),
    peek: async (id) => jobOf(await client.peek(Number(id))),
    peekBuried: async () => jobOf(await client.peekBuried()),
    pauseTube: async (tube, seconds) => accepted(await client.pauseTube(tube, seconds)),
    statsJob: async (id) => asStats(await client.statsJob(Number(id))),
    statsTube: async (tube) => asStats(await client.statsTube(tube)),
    stats: async () => asStats(await client.stats()),
    listTubes: async () => asNames(await client.listTubes()),
    close: () => client.disconnect(),
  };
}

function jobOf(job: { id: number; payload: unknown } | null): Job {
  if (job === null || !Buffer.isBuffer(job.payload)) throw new TypeError("no job");
  return { id: String(job.id), body: job.payload };
}

function accepted(answer: unknown): void {
  if (answer === null || answer === false) throw new Error("NOT_FOUND");
}
