/*
 * A queue in a Redis on Node, Deno and Bun.
 *
 * @module-tag redis-server
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { KEEPS_ALL, redisPath, startRedis } from "../support/redis.ts";
import { printedOn, ROOT, RUNTIME_NAMES } from "../support/runtimes.ts";
import { PEER_FOUND, PEER_ROUND } from "./peer-found.ts";

test.each(RUNTIME_NAMES)("works on %s", async (runtime) => {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-redis-"));
  const redis = await startRedis(directory, KEEPS_ALL);
  onTestFinished(async () => {
    await redis.stop();
    rmSync(directory, { recursive: true });
  });
  const target = JSON.stringify({ redis: { path: redisPath(directory) } });
  expect(await printedOn(runtime, ROOT, PEER_ROUND, target)).toEqual(PEER_FOUND);
});
