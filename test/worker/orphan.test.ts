/* A process of handlers whose worker was killed: it ends, whatever its handler does. */
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { codeOf } from "../../src/system-error.ts";
import { programHere } from "../support/runtimes.ts";
import { until } from "../support/until.ts";

const ROUND = fileURLToPath(new URL("orphan-round.ts", import.meta.url));
const TEST_MS = 90_000;

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    expect(codeOf(error)).toBe("ESRCH");
    return false;
  }
}

test("a handler that computes does not outlive its worker", { timeout: TEST_MS }, async () => {
  // Its process has the same standard error; of that nobody reads to the end.
  const ended = await execa(...programHere(ROUND), { reject: false, stderr: "ignore" });
  expect(ended.signal).toBe("SIGKILL");
  const pid = Number(ended.stdout);
  expect(pid).toBeGreaterThan(1);
  onTestFinished(() => {
    if (isThere(pid)) process.kill(pid, "SIGKILL");
  });
  await until("it is gone", () => !isThere(pid));
});
