/* A handler that holds up the event loop for longer than its lease, on Node, Deno and Bun. */
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { addressOf } from "../client/places.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { RUNTIMES } from "../support/runtimes.ts";
import type { RuntimeName } from "../support/runtimes.ts";

const ROUND = fileURLToPath(new URL("blocked-round.ts", import.meta.url));
const TIMEOUT_MS = 180_000;
const NAMES = Object.keys(RUNTIMES) as readonly RuntimeName[];

test.each(NAMES)("%s: its job is kept", { timeout: TIMEOUT_MS }, async (runtime) => {
  const server = await startHomemaker({ threads: 1, shards: 1 });
  onTestFinished(() => server.stop());
  const [command = "", ...flags] = RUNTIMES[runtime];
  const args = [...flags, ROUND, addressOf(server)];
  expect((await execa(command, args, { timeout: TIMEOUT_MS })).stdout).toBe("success 1");
});
