/* A Redis that keeps all that it has answered, as a kind of back end. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { redisCapabilities } from "../../src/redis/redis-backend.ts";
import { openRedis } from "../../src/redis/redis-target.ts";
import type { QueueBackend } from "../../src/worker/backend.ts";
import { KEEPS_ALL, redisPath, startRedis } from "../support/redis.ts";
import type { Bed, Kind } from "./beds.ts";

export const REDIS: Kind = {
  name: "redis",
  can: redisCapabilities(true),
  isVirtual: false,
  soonMillis: 200,
  open,
};

async function open(): Promise<Bed> {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-redis-"));
  const start = () => startRedis(directory, KEEPS_ALL);
  const connect = (): Promise<QueueBackend> => openRedis({ redis: { path: redisPath(directory) } });
  let process = await start();
  let backend = await connect();
  const end = async (): Promise<void> => {
    await backend.close();
    await process.stop();
  };
  return {
    backend,
    advance: () => {
      throw new RangeError("a Redis's time passes by itself");
    },
    async reopen() {
      await end();
      process = await start();
      backend = await connect();
      return backend;
    },
    async [Symbol.asyncDispose]() {
      await end();
      rmSync(directory, { recursive: true });
    },
  };
}
