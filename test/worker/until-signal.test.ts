/* A program that runs a worker until it is told to end, and is told so. */
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";
import { createWorker, defineJob, openQueue, runUntilSignal } from "../../src/entries/queue.ts";
import { unchecked } from "../../src/entries/queue.ts";
import { SAME_SIGNAL_MS } from "../../src/runtime.ts";
import { Queue } from "../../src/worker/queue.ts";
import { programHere } from "../support/runtimes.ts";
import { pause, until } from "../support/until.ts";
import { around } from "./around.ts";

const ROUND = fileURLToPath(new URL("until-signal-round.ts", import.meta.url));
const TEST_MS = 90_000;

test.each([
  ["minds", ["SIGTERM", "SIGTERM"], { finished: 0, handedBack: 1, abandoned: 0 }],
  ["ignores", ["SIGINT", "SIGTERM"], { finished: 0, handedBack: 0, abandoned: 1 }],
] as const)(
  "the first signal stops it, the second hurries: a handler that %s",
  {
    timeout: TEST_MS,
  },
  async (how, signals, report) => {
    const program = execa(...programHere(ROUND, how), { buffer: false, timeout: TEST_MS });
    let printed = "";
    program.stdout.on("data", (text: Buffer) => (printed += text.toString()));
    await until("its handler runs", () => printed.includes("begun"));
    for (const [sent, signal] of signals.entries()) {
      // By its pid: what Deno has killed has ended by that signal for it, whatever it made of it.
      process.kill(Number(program.pid), signal);
      await until("it has heard", () => printed.split("heard").length === sent + 2);
      await pause(2 * SAME_SIGNAL_MS); // two that come together are one
    }
    expect((await program).exitCode).toBe(0);
    expect(printed).toBe(`begun\nheard\nheard\n${JSON.stringify(report)} 1\n`);
  },
);

test("a worker that cannot go on rejects, and the others stop", async () => {
  await using queue = await openQueue({ memory: true });
  const job = defineJob("job", { payload: unchecked<number>() });
  const handlers = [job.handler(() => undefined)];
  const broken = around(queue.backend, {
    consume: () => {
      throw new Error("the way is gone");
    },
  });
  const well = createWorker(queue, { handlers });
  const before = process.listenerCount("SIGTERM");
  const running = runUntilSignal(well, createWorker(new Queue(broken), { handlers }));
  await expect(running).rejects.toThrow("the way is gone");
  expect(well.status().standing).toBe("stopped");
  expect(process.listenerCount("SIGTERM")).toBe(before);
});
