/* The bench works: its load says what it should and finds every reply, its arithmetic is right, a
 * short run goes through.
 *
 * Nothing here looks at how fast anything is.
 */
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { MIRROR_WAVES, mirrorConversation } from "../bench/load/dialect.ts";
import { Talker } from "../bench/load/talker.ts";
import { Results } from "../bench/results.ts";
import type { Scenario } from "../bench/scenarios.ts";

const MAIN = fileURLToPath(new URL("../bench/main.ts", import.meta.url));
const RUN_MS = 60_000;

/**
 * Answers waves of `pipelined` commands with the replies of `MIRROR_WAVES`, in pieces of
 * `pieceBytes`; gives its port and what it heard.
 */
async function startPiecemealServer(
  pipelined: number,
  pieceBytes: number,
  replies: readonly string[],
) {
  const heard: string[] = [];
  const server = createServer((socket) => {
    let wave = 0;
    let text = "";
    socket.setNoDelay(true).setEncoding("latin1");
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: string) => {
      text += chunk;
      const index = wave % MIRROR_WAVES.length;
      if (text.length < (MIRROR_WAVES[index]?.requestBytes ?? 0) * pipelined) return;
      heard.push(text);
      text = "";
      wave += 1;
      void sendInPieces(
        socket.write.bind(socket),
        (replies[index] ?? "").repeat(pipelined),
        pieceBytes,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the kernel gave no port");
  return { port: address.port, heard, [Symbol.dispose]: () => void server.close() };
}

/** A turn of the event loop between the pieces lets each be read alone. */
async function sendInPieces(write: (text: string) => void, text: string, pieceBytes: number) {
  for (let at = 0; at < text.length; at += pieceBytes) {
    write(text.slice(at, at + pieceBytes));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("the load", () => {
  test.each([1, 7, 64, 119, 1000])(
    "finds every reply when they come in pieces of %i bytes",
    async (pieceBytes) => {
      const pipelined = 5;
      using server = await startPiecemealServer(
        pipelined,
        pieceBytes,
        MIRROR_WAVES.map(({ reply }) => reply),
      );
      let answered = 0;
      let waves = 0;
      const talker = await Talker.open(server.port, mirrorConversation(pipelined), {
        answered: (count) => void (answered += count),
        completed: () => (waves += 1) < 6,
      });
      await talker.talk();
      expect({ answered, waves }).toEqual({ answered: 30, waves: 6 });
      const deletes = "delete 12345678\r\n".repeat(pipelined);
      expect(server.heard[2]).toBe(deletes);
      expect(server.heard[5]).toBe(deletes);
    },
  );

  test("fails when the server answers anything else", async () => {
    using server = await startPiecemealServer(2, 1000, ["OUT_OF_MEMORY\r\n"]);
    const talker = await Talker.open(server.port, mirrorConversation(2), {
      answered: () => undefined,
      completed: () => true,
    });
    await expect(talker.talk()).rejects.toThrow(/expected .*INSERTED.* got .*OUT_OF_MEMORY/);
  });
});

describe("the results", () => {
  const scenario: Scenario = { name: "s", title: "s", contenders: [], comparisons: [] };
  const comparison = {
    what: "speed",
    figure: "commandsPerSecond",
    of: "a",
    against: { contender: "b" },
  } as const;

  test("form ratios within a round and take the median of the ratios", () => {
    const results = new Results();
    const rounds = [
      [10, 1],
      [40, 2],
      [90, 3],
    ];
    for (const [round, [a = 0, b = 0]] of rounds.entries()) {
      results.add(scenario, "a", round, { commandsPerSecond: a });
      results.add(scenario, "b", round, { commandsPerSecond: b });
    }
    const { spread, verdict } = results.outcome(scenario, { ...comparison, atLeast: 20.5 });
    expect(spread).toEqual({ median: 20, least: 10, most: 30 });
    expect(verdict).toBe("MISS");
    expect(results.outcome(scenario, { ...comparison, atLeast: 20 }).verdict).toBe("PASS");
    expect(results.outcome(scenario, { ...comparison, atMost: 20 }).verdict).toBe("PASS");
    expect(results.outcome(scenario, { ...comparison, atMost: 19 }).verdict).toBe("MISS");
  });

  test("give no verdict when one side was not measured", () => {
    const results = new Results();
    results.add(scenario, "a", 1, { commandsPerSecond: 1 });
    expect(results.outcome(scenario, { ...comparison, atLeast: 1 }).verdict).toBeUndefined();
  });
});

describe("the harness", () => {
  test(
    "measures beanstalkd and the ceiling in a short run",
    { timeout: RUN_MS, tags: ["beanstalkd"] },
    async () => {
      const args = [MAIN, "--quick", "--only", "8x64", "--seconds", "0.3"];
      const run = await execa(process.execPath, args, { reject: false, timeout: RUN_MS });
      const failures = run.stderr.match(/^(?:FAILED|NOT MEASURED: beanstalkd).*$/gm);
      expect({ exitCode: run.exitCode, failures }).toEqual({ exitCode: 0, failures: null });
      for (const contender of ["beanstalkd", "ceiling"])
        expect(run.stdout).toMatch(new RegExp(`^\\| ${contender} \\| \\d+\\.\\d \\| \\d`, "m"));
    },
  );

  test("refuses an unknown scenario with one line and exit code 2", async () => {
    const run = await execa(process.execPath, [MAIN, "--only", "9x9"], { reject: false });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toMatch(/^bench: error: .*There is no scenario 9x9; there are 8x64, .*$/);
  });

  test("writes only what a full run measured", async () => {
    const run = await execa(process.execPath, [MAIN, "--quick", "--write"], { reject: false });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain("--write takes a full run");
  });
});
