/*
 * Sockets that are handed over are served on Deno and Bun as on Node.
 *
 * @module-tag openssl
 */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { COMMAND } from "../support/command.ts";
import { tagsOn } from "../support/matrix.ts";
import { OTHER_RUNTIMES, RUNTIMES } from "../support/runtimes.ts";
import { Trust } from "../support/secure-server.ts";
import { handOver, PARENT } from "./handing-over.ts";

const trust = Trust.ofFile();
for (const runtime of OTHER_RUNTIMES) {
  test(
    `a server on ${runtime} serves the sockets that it is handed, each as it is called`,
    { tags: tagsOn(runtime), timeout: 120_000 },
    async () => {
      await expect(handOver(runtime, trust)).resolves.toBeUndefined();
    },
  );
}

test("Bun, which cannot serve HTTP on one, says so and opens nothing", { tags: ["bun"] }, () => {
  const orders = { where: [0], names: "http", times: 1 };
  const server = [...RUNTIMES.bun, COMMAND];
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [PARENT, JSON.stringify(orders), ...server],
    { encoding: "utf8" },
  );
  expect(stdout).not.toContain("dashboard on");
  expect(stderr).toBe(
    "homemaker: cannot take over file 3: this runtime serves no HTTP on such a socket\n",
  );
});
