/*
 * Ledgers of jobs on disks that others fill, and that have room again, at random: on a server, in a
 * directory, and in a spool.
 *
 * @module-tag mounts
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { SmallDisk } from "../durability/small-disk.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { playLedger } from "./ledger.ts";

const FILE = "test/backends/full-disk.long.test.ts";
const SEED = seedHere();
const TIMEOUT_MS = 150_000;
const DISK_BYTES = 10 * 1_048_576;

function smallDisk(): SmallDisk {
  const disk = new SmallDisk(DISK_BYTES);
  onTestFinished(() => disk.remove());
  return disk;
}

test(
  "a ledger on a server whose disk is full now and then comes out even",
  () =>
    replayable(SEED, FILE, async () => {
      const disk = smallDisk();
      const directory = mkdtempSync(join(tmpdir(), "homemaker-full-"));
      const path = join(directory, "socket");
      const flags = ["-l", `unix:${path}`, "--data", disk.directory, "-s", "1MiB"];
      const start = () => startHomemaker({ threads: 1, shards: 1, flags });
      let server = await start();
      onTestFinished(async () => {
        await server.stop();
        rmSync(directory, { recursive: true });
      });
      await playLedger(
        {
          address: () => ({ path }),
          target: (port) => `homemaker://127.0.0.1:${port}`,
          kill: () => server.stop(),
          async again() {
            server = await start();
          },
          kills: 2,
          confirmsEnds: true,
          disk,
        },
        SEED,
      );
      expect(SEED).toBeGreaterThanOrEqual(0);
    }),
  TIMEOUT_MS,
);
