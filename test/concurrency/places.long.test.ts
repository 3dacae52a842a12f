/*
 * A mixed crowd on each runtime, over each transport; where THOROUGH is not set, over TCP and one
 * other. On Node over TCP it is concurrency.test.ts's.
 *
 * @module-tag openssl
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { amount } from "../support/amount.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { inCell } from "../support/matrix.ts";
import { reachOver, someTransports } from "../support/reach.ts";
import type { Listening } from "../support/reach.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { RUNTIME_NAMES, RUNTIMES } from "../support/runtimes.ts";
import type { RuntimeName } from "../support/runtimes.ts";
import { expectSoundMixedCrowd } from "./sound-crowd.ts";

const SEED = seedHere();
const FILE = "test/concurrency/places.long.test.ts";
/** How long there are crowds; there is one at least. */
const CROWDS_MS = amount({ usual: 0, thorough: 60_000 });
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
    const size = { producers: 6, workers: 40, rounds: 60 };
    const connect = reach.connection(() => server.output);
    const entries = await expectSoundMixedCrowd(server, seed, size, connect);
    expect(entries.length).toBeGreaterThan(size.producers * size.rounds);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

for (const [index, runtime] of RUNTIME_NAMES.entries()) {
  for (const transport of someTransports(SEED + index)) {
    if (runtime === "node" && transport === "TCP") continue;
    test(
      `a mixed crowd finds nothing wrong on ${runtime}, over ${transport}`,
      { ...inCell(runtime, transport, "ledger"), timeout: CROWDS_MS + CROWD_TIMEOUT_MS },
      () =>
        replayable(SEED, FILE, async () => {
          const end = performance.now() + CROWDS_MS;
          let seed = SEED;
          do await crowd(runtime, transport, seed++);
          while (performance.now() < end);
          expect(seed).toBeGreaterThan(SEED);
        }),
    );
  }
}
