/* The bench works: short runs of more of its scenarios than bench.test.ts has. */
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";
import { FORK_VARIABLE } from "../bench/server.ts";

const MAIN = fileURLToPath(new URL("../bench/main.ts", import.meta.url));
const RUN_MS = 240_000;

test("puts with tags and in batches, in a short run", { timeout: RUN_MS }, async () => {
  const args = [MAIN, "--quick", "--only", "keys,batch", "--seconds", "0.1"];
  const run = await execa(process.execPath, args, { reject: false, timeout: RUN_MS });
  expect(run.exitCode).toBe(0);
  for (const contender of ["idp", "con", "batches"])
    expect(run.stdout).toMatch(new RegExp(`^\\| ${contender} \\| \\d+\\.\\d \\| \\d`, "m"));
});

test(
  "puts over WebSockets and TLS, in a short run",
  { timeout: RUN_MS, tags: ["openssl"] },
  async () => {
    const args = [MAIN, "--quick", "--only", "transports", "--seconds", "0.1"];
    const run = await execa(process.execPath, args, { reject: false, timeout: RUN_MS });
    expect(run.exitCode).toBe(0);
    for (const contender of ["TCP", "WebSocket", "TLS"])
      expect(run.stdout).toMatch(new RegExp(`^\\| ${contender} \\| \\d+\\.\\d+ \\| \\d`, "m"));
  },
);

test(
  "measures jobs of the framework beside BullMQ's in a short run",
  { timeout: RUN_MS, tags: ["redis-server"] },
  async () => {
    const args = [MAIN, "--quick", "--only", "bullmq-sync", "--seconds", "0.05"];
    const run = await execa(process.execPath, args, { reject: false, timeout: RUN_MS });
    expect({ exitCode: run.exitCode, failures: run.stderr.match(/^FAILED.*$/gm) }).toEqual({
      exitCode: 0,
      failures: null,
    });
    for (const library of ["homemaker", "bullmq"]) {
      const rate = new RegExp(`^\\| 100 in flight, ${library} \\| \\d+\\.\\d+ \\| \\d`, "m");
      expect(run.stdout).toMatch(rate);
      expect(run.stdout).toMatch(
        new RegExp(`^\\| idle, ${library} .*\\d \\| \\d+\\.\\d \\|$`, "m"),
      );
    }
  },
);

test("leaves the fork out and says so where none is given", { timeout: RUN_MS }, async () => {
  const args = [MAIN, "--quick", "--only", "durable-1x1", "--seconds", "0.1"];
  const env = { [FORK_VARIABLE]: "" };
  const run = await execa(process.execPath, args, { env, reject: false, timeout: RUN_MS });
  const gap = "the fork of beanstalkd was not given: --fork PATH or HOMEMAKER_BENCH_FORK; it is";
  expect(run.exitCode).toBe(0);
  expect(run.stderr).toContain(`NOT MEASURED: ${gap} needed by durable-1x1 (fork)`);
  expect(run.stdout.split("**Not measured:**")[1]).toContain(`\n- ${gap} `);
  expect(run.stdout).toMatch(/^\| fork \| - \|/m);
});
