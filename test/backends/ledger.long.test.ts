/*
 * Ledgers of jobs on other servers than Homemaker: workers die, sockets are cut and servers killed
 * at random, and all comes out even. Homemaker's own is test/worker/ledger.test.ts.
 *
 * @module-tag beanstalkd
 * @module-tag rabbitmq-server
 * @module-tag redis-server
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { RabbitServer } from "../support/rabbitmq.ts";
import { KEEPS_ALL, redisPath, startRedis } from "../support/redis.ts";
import { replayable, seedHere } from "../support/replay.ts";
import type { Address, ServerProcess } from "../support/server-process.ts";
import { pause } from "../support/until.ts";
import { LastingServer } from "./lasting-server.ts";
import { playLedger } from "./ledger.ts";
import type { LedgerServer } from "./ledger.ts";

const FILE = "test/backends/ledger.long.test.ts";
const SEED = seedHere();
/** A ledger says within two minutes what hangs. */
const TIMEOUT_MS = 150_000;
/** With the starts of a RabbitMQ. */
const RABBIT_TIMEOUT_MS = 200_000;

/** A server that is a process in a directory. */
async function inDirectory(
  start: (directory: string) => Promise<ServerProcess>,
  address: (directory: string) => Address,
  about: Pick<LedgerServer, "target" | "kills" | "confirmsEnds">,
): Promise<LedgerServer> {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-ledger-"));
  let process = await start(directory);
  onTestFinished(async () => {
    await process.stop();
    rmSync(directory, { recursive: true });
  });
  return {
    ...about,
    address: () => address(directory),
    kill: () => process.stop(),
    async again() {
      process = await start(directory);
    },
  };
}

const SERVERS = {
  beanstalkd: () =>
    inDirectory(
      (directory) =>
        startBeanstalkd({ path: join(directory, "socket"), flags: ["-b", directory, "-f", "0"] }),
      (directory) => ({ path: join(directory, "socket") }),
      { target: (port) => `homemaker://127.0.0.1:${port}`, kills: 2, confirmsEnds: true },
    ),
  redis: () =>
    inDirectory(
      (directory) => startRedis(directory, KEEPS_ALL),
      (directory) => ({ path: redisPath(directory) }),
      { target: (port) => `redis://127.0.0.1:${port}`, kills: 2, confirmsEnds: true },
    ),
} as const;

test.each(["beanstalkd", "redis"] as const)(
  "a ledger on %s comes out even",
  (name) =>
    replayable(SEED, FILE, async () => {
      await playLedger(await SERVERS[name](), SEED);
      expect(SEED).toBeGreaterThanOrEqual(0);
    }),
  TIMEOUT_MS,
);

test(
  "a ledger on rabbitmq comes out even",
  () =>
    replayable(SEED, FILE, async () => {
      const server = await RabbitServer.start();
      onTestFinished(() => server.end());
      await playLedger(
        {
          address: () => ({ host: "127.0.0.1", port: server.port }),
          target: (port) => `amqp://127.0.0.1:${port}`,
          async kill() {
            await pause(8000); // a queue that was just made may not come back
            await server.kill();
          },
          again: () => server.again(),
          kills: 1,
          confirmsEnds: false,
        },
        SEED,
      );
      expect(SEED).toBeGreaterThanOrEqual(0);
    }),
  RABBIT_TIMEOUT_MS,
);

test(
  "a ledger over two servers, of which one is killed, comes out even",
  () =>
    replayable(SEED, FILE, async () => {
      const steady = await LastingServer.start();
      const mortal = await LastingServer.start();
      await playLedger(
        {
          address: () => ({ path: mortal.path }),
          target: (port) => ({
            spread: [`homemaker://127.0.0.1:${port}`, `homemaker+unix:${steady.path}`],
          }),
          kill: () => Promise.resolve(mortal.kill()),
          again: () => mortal.again(),
          kills: 2,
          confirmsEnds: true,
        },
        SEED,
      );
      expect(SEED).toBeGreaterThanOrEqual(0);
    }),
  TIMEOUT_MS,
);
