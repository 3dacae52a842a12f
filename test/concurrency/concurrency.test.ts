/*
 * A crowd on real sockets, its ledger audited: on the real beanstalkd (which must pass), and on
 * Homemaker in several shapes.
 */
import { randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { patientConnect } from "../support/patient-connect.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { runCrowd, type CrowdOptions } from "./crowd.ts";
import type { Entry } from "./entries.ts";
import { audit } from "./ledger.ts";
import { runWindowCrowd } from "./window-crowd.ts";

const SEED = Number(process.env["CROWD_SEED"] ?? randomInt(2 ** 31));
const REPLAY = `CROWD_SEED=${SEED} npx vitest run test/concurrency`;

/**
 * See `audit`: generous, because all of this may run on two busy cores. Non-overlapping commands
 * are compared exactly in test/fuzz.
 */
const FLIGHT_MS = 2_000;

async function expectSoundCrowd(
  server: ServerProcess,
  size: Pick<CrowdOptions, "producers" | "workers" | "durationMs">,
  flightMs = 0,
): Promise<void> {
  try {
    const connect = (): ReturnType<typeof patientConnect> => patientConnect(server);
    // Fewer would be no crowd, and the ledger would have nothing to say.
    const entriesMin = 10 * (size.producers + size.workers);
    const { entries, problems } = await runCrowd({ connect, seed: SEED, entriesMin, ...size });
    const violations = [...problems, ...audit(entries, flightMs)];
    const story = storyOf(violations[0], entries);
    expect(violations.slice(0, 20), `the first job's story:\n${story}`).toEqual([]);
    expect(server.running).toBe(true);
  } finally {
    await server.stop();
  }
}

/**
 * All that was seen of the job that a violation names first: a crowd cannot be replayed exactly.
 */
function storyOf(violation: string | undefined, entries: readonly Entry[]): string {
  const job = Number(/job (\d+)/.exec(violation ?? "")?.[1]);
  const story = entries.filter((entry) => "job" in entry && entry.job === job);
  return story.map((entry) => JSON.stringify(entry)).join("\n");
}

describe(`a crowd (${REPLAY})`, () => {
  test(
    "finds nothing wrong with beanstalkd",
    { timeout: 90_000, tags: ["beanstalkd"] },
    async () => {
      await expectSoundCrowd(await startBeanstalkd(), {
        producers: 20,
        workers: 80,
        durationMs: 3_000,
      });
    },
  );

  test("finds nothing wrong with homemaker on one thread and one shard", async () => {
    const server = await startHomemaker({ threads: 1, shards: 1 });
    await expectSoundCrowd(server, { producers: 40, workers: 160, durationMs: 3_000 });
  }, 90_000);

  test("finds nothing wrong with homemaker on one thread and eight shards", async () => {
    const server = await startHomemaker({ threads: 1, shards: 8 });
    await expectSoundCrowd(server, { producers: 40, workers: 160, durationMs: 3_000 });
  }, 90_000);

  test("finds nothing wrong with homemaker on three threads and one shard", async () => {
    const server = await startHomemaker({ threads: 3, shards: 1 });
    await expectSoundCrowd(server, { producers: 40, workers: 160, durationMs: 3_000 });
  }, 90_000);

  test("finds nothing wrong with homemaker on four threads and eight shards, 2,000 clients", async () => {
    const server = await startHomemaker({ threads: 4, shards: 8 });
    await expectSoundCrowd(
      server,
      { producers: 300, workers: 1_700, durationMs: 12_000 },
      FLIGHT_MS,
    );
  }, 120_000);
});

describe(`a crowd with windows (${REPLAY})`, () => {
  test.each([
    [1, 1],
    [3, 8],
  ])(
    "finds nothing wrong with homemaker on %d threads and %d shards",
    async (threads, shards) => {
      const server = await startHomemaker({ threads, shards });
      try {
        const { entries, problems, losses } = await runWindowCrowd({
          connect: () => patientConnect(server),
          seed: SEED,
          producers: 10,
          workers: 60,
          jobs: 400,
        });
        const violations = [...problems, ...audit(entries)];
        const story = storyOf(violations[0], entries);
        expect(violations.slice(0, 20), `the first job's story:\n${story}`).toEqual([]);
        expect(losses).toBeGreaterThan(0);
        expect(server.running).toBe(true);
      } finally {
        await server.stop();
      }
    },
    120_000,
  );
});
