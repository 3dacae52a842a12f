/* Handlers in threads and processes on Node, Deno and Bun. */
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";
import { RUNTIMES } from "../support/runtimes.ts";
import type { RuntimeName } from "../support/runtimes.ts";

const ROUND = fileURLToPath(new URL("isolation-round.ts", import.meta.url));
const TIMEOUT_MS = 180_000;
const WAYS = (Object.keys(RUNTIMES) as RuntimeName[]).flatMap(
  (runtime) => [[runtime, "thread"] as const, [runtime, "process"] as const] as const,
);

test.each(WAYS)("%s: in a %s", { timeout: TIMEOUT_MS }, async (runtime, isolate) => {
  const [command = "", ...flags] = RUNTIMES[runtime];
  const run = execa(command, [...flags, ROUND, isolate], { timeout: TIMEOUT_MS });
  expect(JSON.parse((await run).stdout)).toEqual({
    doubled: 8,
    talked: "2 talker talker 1 key-4",
    killed: [2, 2, 2],
    said: expect.stringMatching(/the handler did not stop when it was told to/),
    failures: ["HM_HANDLER_DIED", "HM_HANDLER_DIED", "HM_HANDLER_DIED", "HM_HANDLER_KILLED"],
    handedBack: 0,
  });
});
