/*
 * Connections to PostgreSQL that are cut, or stand still, anywhere: what was appended is there
 * once, and of what two servers acknowledge nothing is lost. For CUT_SECONDS (10), and up to a
 * minute more until there was a take-over; SEED=n replays.
 *
 * @module-tag pg_ctlcluster
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Shipping } from "../../src/journal/shipping.ts";
import type { RemoteOperation } from "../../src/remote-log.ts";
import { PostgresLog } from "../../src/storage/postgres-log.ts";
import { PostgresPair } from "../support/postgres.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { RoughLife } from "./rough-life.ts";
import { RoughProxy } from "./rough-proxy.ts";

const FILE = "test/replica/cuts.long.test.ts";
const SECONDS = Number(process.env["CUT_SECONDS"] ?? 10);
/** How long a take-over may be awaited beyond that. */
const MORE_SECONDS = 60;
/** Appends that are cut, and most bytes of what is sent for one, and answered. */
const CUT_APPENDS = 60;
const THERE_BYTES = 1200;
const BACK_BYTES = 120;

const seed = seedHere();
const directory = mkdtempSync(join(tmpdir(), "homemaker-cuts-"));
let pair: PostgresPair;

beforeAll(async () => {
  pair = await PostgresPair.start();
});
afterAll(async () => {
  await pair.end();
  rmSync(directory, { recursive: true });
});

test("an append is there once, wherever in it or in its answer the connection is cut", async () => {
  await replayable(seed, FILE, async () => {
    const random = new Random(seed);
    const proxy = await RoughProxy.start(pair.primary.port, random);
    const url = `postgres://homemaker@${proxy.host}/postgres?journal=cut`;
    const log = new PostgresLog(url, { leaseMillis: 30_000, patienceMillis: 30_000 });
    let failures = 0;
    try {
      await log.lead(1, 1, "ann");
      const failed = async (): Promise<void> => void failures++;
      const shipping = new Shipping({ log, epoch: 1, sequence: 2, pause: failed });
      const shipped: string[] = [];
      for (let at = 0; at < CUT_APPENDS; at++) {
        const isThere = random.oneIn(2);
        const bytes = random.below(isThere ? THERE_BYTES : BACK_BYTES);
        proxy.cutAfter(isThere ? "there" : "back", bytes);
        const body = random.bytes(random.between(1, 1000));
        const write: RemoteOperation = { kind: "write", file: "journal.1", position: at, body };
        await shipping.ship([write]);
        shipped.push(`${at} ${log.digest(body)}`);
      }
      proxy.isRough = false; // the last cut may be to come
      await log.reconnect();
      const entries = await log.entries();
      expect(entries.map(({ position, digest }) => `${position} ${digest}`)).toEqual(shipped);
    } finally {
      await log.close();
      proxy.close();
    }
    expect(failures).toBeGreaterThan(CUT_APPENDS / 4);
  });
});

test(
  `in ${SECONDS} s over bad lines no acknowledged job is lost, and an old leader acknowledges none`,
  { timeout: 180_000 + 2000 * SECONDS },
  async () => {
    await replayable(seed, FILE, async () => {
      const life = await RoughLife.begin(pair, directory, new Random(seed));
      try {
        const begun = performance.now();
        const seconds = (): number => SECONDS + (life.takeOvers === 0 ? MORE_SECONDS : 0);
        while (performance.now() < begun + 1000 * seconds()) await life.goOn();
        await life.end();
      } finally {
        await life.kill();
      }
      console.log(`seed ${seed}: ${life.summary}`);
      expect(life.problems).toEqual([]);
      expect(life.takeOvers).toBeGreaterThan(0);
      expect(life.cuts).toBeGreaterThan(0);
    });
  },
);
