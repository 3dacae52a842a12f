/*
 * The servers that can take part in a duel: the real beanstalkd, Homemaker in several shapes, and a
 * server behind a proxy that lies.
 */
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { patientConnect } from "../support/patient-connect.ts";
import type { Duellist } from "./duel.ts";

/** The real beanstalkd. */
export const BEANSTALKD: Duellist = {
  name: "beanstalkd",
  hasAdditions: false,
  start: async ({ maxJobSizeBytes }) => {
    const server = await startBeanstalkd({ flags: ["-z", String(maxJobSizeBytes)] });
    return {
      connect: () => patientConnect(server),
      signal: (signal) => server.signal(signal),
      stop: () => server.stop(),
    };
  },
};

/** The shapes that Homemaker is tested in. */
const SHAPES = [
  { threads: 1, shards: 1 },
  { threads: 2, shards: 4 },
  { threads: 1, shards: 8 },
  { threads: 3, shards: 1 },
] as const;

/** Homemaker; the seed of the stream chooses the number of threads and shards. */
export const HOMEMAKER: Duellist = {
  name: "homemaker",
  hasAdditions: true,
  start: ({ maxJobSizeBytes, seed }) =>
    startHomemaker({ maxJobSizeBytes, ...(SHAPES[seed % SHAPES.length] ?? SHAPES[0]) }),
};
