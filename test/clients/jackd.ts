/* jackd: promises, ids as strings, YAML left to the caller.
 *
 * Its put makes JSON of a buffer, so bodies go in as text here; its pauseTube forgets the end of
 * the line, so that no server answers.
 */
import JackdClient from "jackd";
import { parse } from "yaml";
import { asNames, asStats, type Client, type Job, type Library } from "./library.ts";

/** The library jackd. */
export const JACKD: Library = {
  name: "jackd",
  textOnly: true,
  connect: async (host, port) => clientOf(await new JackdClient().connect({ host, port })),
};

function clientOf(jackd: JackdClient): Client {
  return {
    use: async (tube) => void (await jackd.use(tube)),
    watch: async (tube) => void (await jackd.watch(tube)),
    put: ({ body, pri, delaySeconds, ttrSeconds }) =>
      jackd.put(body.toString(), { priority: pri, delay: delaySeconds, ttr: ttrSeconds }),
    reserve: (timeoutSeconds) =>
      jackd.reserveWithTimeout(timeoutSeconds).then(jobOf, nothingIfLate),
    delete: (id) => jackd.delete(id),
    release: (id, pri, delaySeconds) => jackd.release(id, { priority: pri, delay: delaySeconds }),
    bury: (id, pri) => jackd.bury(id, pri),
    touch: (id) => jackd.touch(id),
    kick: (bound) => jackd.kick(bound),
    kickJob: (id) => jackd.kickJob(id),
    peek: async (id) => jobOf(await jackd.peek(id)),
    peekBuried: async () => jobOf(await jackd.peekBuried()),
    statsJob: async (id) => asStats(parse(await jackd.statsJob(id))),
    statsTube: async (tube) => asStats(parse(await jackd.statsTube(tube))),
    stats: async () => asStats(parse(await jackd.stats())),
    listTubes: async () => asNames(parse(await jackd.listTubes())),
    close: () => jackd.quit(),
  };
}

function jobOf({ id, payload }: { id: string; payload: Buffer | string }): Job {
  return { id, body: Buffer.from(payload) };
}

function nothingIfLate(error: unknown): undefined {
  if (error instanceof Error && error.message.includes("TIMED_OUT")) return;
  throw error;
}
