/*
 * A crowd on real sockets, its ledger audited: on the real beanstalkd (which must pass), and on
 * Homemaker in several shapes.
 */
import { randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { someOf } from "../support/amount.ts";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { patientConnect } from "../support/patient-connect.ts";
import { inCell } from "../support/matrix.ts";
import { overSockets } from "../support/connect.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { runCrowd, type CrowdOptions } from "./crowd.ts";
import { expectSound, expectSoundMixedCrowd, FLIGHT_MS, KINDS, kindsIn } from "./sound-crowd.ts";

const SEED = Number(process.env["CROWD_SEED"] ?? randomInt(2 ** 31));
const SHAPES = [
  { threads: 1, shards: 1 },
  { threads: 1, shards: 8 },
  { threads: 3, shards: 1 },
] as const;
const MIXED_SHAPES = [
  { threads: 1, shards: 1 },
  { threads: 3, shards: 8 },
] as const;
const OVER_TCP = inCell("node", "TCP", "ledger");
const REPLAY = `CROWD_SEED=${SEED} npx vitest run test/concurrency`;

async function expectSoundCrowd(
  server: ServerProcess,
  size: Pick<CrowdOptions, "producers" | "workers" | "durationMs">,
  flightMs = 0,
): Promise<void> {
  try {
    const connect = overSockets(() => patientConnect(server));
    // Fewer would be no crowd, and the ledger would have nothing to say.
    const entriesMin = 10 * (size.producers + size.workers);
    expectSound(await runCrowd({ connect, seed: SEED, entriesMin, ...size }), flightMs);
    expect(server.running).toBe(true);
  } finally {
    await server.stop();
  }
}

describe(`a crowd (${REPLAY})`, () => {
  test(
    "finds nothing wrong with beanstalkd",
    { timeout: 90_000, tags: ["beanstalkd"] },
    async () => {
      await expectSoundCrowd(await startBeanstalkd(), {
        producers: 20,
        workers: 80,
        durationMs: 2_000,
      });
    },
  );

  test.each(someOf(SHAPES, 1, SEED))(
    "finds nothing wrong with homemaker on $threads threads and $shards shards",
    { timeout: 90_000, ...OVER_TCP },
    async (shape) => {
      const server = await startHomemaker(shape);
      await expectSoundCrowd(server, { producers: 40, workers: 160, durationMs: 3_000 });
    },
  );

  const MANY = "finds nothing wrong with homemaker on four threads and eight shards, 2,000 clients";
  test(MANY, { timeout: 120_000, ...OVER_TCP }, async () => {
    const server = await startHomemaker({ threads: 4, shards: 8 });
    const size = { producers: 300, workers: 1_700, durationMs: 8_000 };
    await expectSoundCrowd(server, size, FLIGHT_MS);
  });
});

describe(`a mixed crowd (${REPLAY})`, OVER_TCP, () => {
  test.each(someOf(MIXED_SHAPES, 1, SEED))(
    "finds nothing wrong with homemaker on $threads threads and $shards shards",
    async (shape) => {
      const size = { producers: 10, workers: 60, rounds: 250 };
      const entries = await expectSoundMixedCrowd(await startHomemaker(shape), SEED, size);
      expect(kindsIn(entries)).toEqual(KINDS);
    },
    120_000,
  );
});
