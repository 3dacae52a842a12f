/*
 * Mixed crowds at length: on several threads and shards, in memory and with a journal.
 */
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { someOf } from "../support/amount.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { inCell } from "../support/matrix.ts";
import { expectSoundMixedCrowd, KINDS, kindsIn } from "./sound-crowd.ts";

const SEED = Number(process.env["CROWD_SEED"] ?? randomInt(2 ** 31));
const SHAPES = [
  { threads: 1, shards: 8 },
  { threads: 3, shards: 1 },
  { threads: 4, shards: 8 },
] as const;

const TITLE = `a mixed crowd (CROWD_SEED=${SEED} npx vitest run test/concurrency)`;

describe(TITLE, inCell("node", "TCP", "ledger"), () => {
  test.each(someOf(SHAPES, 1, SEED))(
    "finds nothing wrong with homemaker on $threads threads and $shards shards",
    async (shape) => {
      const size = { producers: 20, workers: 200, rounds: 200 };
      const entries = await expectSoundMixedCrowd(await startHomemaker(shape), SEED, size);
      expect(kindsIn(entries)).toEqual(KINDS);
    },
    150_000,
  );

  test.each(someOf(["os", "sync"], 1, SEED))(
    "finds nothing wrong with homemaker that has a journal, at %s",
    async (level) => {
      const folder = mkdtempSync(join(tmpdir(), "mixed-crowd-"));
      const flags = ["--data", folder, "--durability", level];
      try {
        const server = await startHomemaker({ threads: 3, shards: 4, flags });
        const size = { producers: 15, workers: 80, rounds: 150 };
        const entries = await expectSoundMixedCrowd(server, SEED, size);
        expect(kindsIn(entries)).toEqual(KINDS);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    150_000,
  );
});
