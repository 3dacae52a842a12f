/*
 * Mixed crowds for a minute on each runtime, over all transports at a time. On Node over TCP there
 * are those of concurrency.test.ts, too.
 *
 * @module-tag openssl
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startHomemaker } from "../support/homemaker.ts";
import { inCell } from "../support/matrix.ts";
import { LISTENING, reachOver } from "../support/reach.ts";
import type { Listening } from "../support/reach.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { RUNTIME_NAMES, RUNTIMES } from "../support/runtimes.ts";
import type { RuntimeName } from "../support/runtimes.ts";
import { goingRound, TRIAL_MS } from "../support/trials.ts";
import { expectSoundMixedCrowd } from "./sound-crowd.ts";

const SEED = seedHere();
const FILE = "test/concurrency/places.long.test.ts";
const SIZE = { producers: 5, workers: 25, rounds: 40 };
const CROWD_TIMEOUT_MS = 150_000;

async function crowd(runtime: RuntimeName, transport: Listening, seed: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-crowd-"));
  const reach = reachOver(transport, directory);
  try {
    const { flags } = reach;
    const server = await startHomemaker({
      runtime: RUNTIMES[runtime],
      threads: 2,
      shards: 4,
      flags,
    });
    const connect = reach.connection(() => server.output);
    const entries = await expectSoundMixedCrowd(server, seed, SIZE, connect);
    expect(entries.length).toBeGreaterThan(SIZE.producers * SIZE.rounds);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

for (const runtime of RUNTIME_NAMES) {
  describe.concurrent(`mixed crowds find nothing wrong on ${runtime}`, () => {
    for (const transport of LISTENING) {
      const cell = inCell(runtime, transport, "ledger");
      const timeout = TRIAL_MS + CROWD_TIMEOUT_MS;
      test(`over ${transport}`, { ...cell, timeout }, async () => {
        const rounds = await goingRound(TRIAL_MS, (index) => {
          const seed = SEED + index;
          return replayable(seed, FILE, () => crowd(runtime, transport, seed));
        });
        expect(rounds).toBeGreaterThan(0);
      });
    }
  });
}
