/* The bench works: its load says what it should and finds every reply, its arithmetic is right, a
 * short run goes through.
 *
 * Nothing here looks at how fast anything is. More short runs are in bench.long.test.ts.
 */
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { batchedConversation } from "../bench/load/additions.ts";
import {
  besideDefaultConversation,
  MIRROR_WAVES,
  mirrorConversation,
} from "../bench/load/dialect.ts";
import { Unframer } from "../bench/load/frames.ts";
import { Talker } from "../bench/load/talker.ts";
import { wrapped } from "../bench/markdown.ts";
import { readmeFigures } from "../bench/readme.ts";
import { Results } from "../bench/results.ts";
import type { Scenario } from "../bench/scenario.ts";
import { scenarios } from "../bench/scenarios.ts";
import { FORK_VARIABLE } from "../bench/server.ts";

const MAIN = fileURLToPath(new URL("../bench/main.ts", import.meta.url));
const RUN_MS = 240_000;

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

/** A frame of a WebSocket's server. */
function frameOf(payload: string): Buffer {
  const { length } = payload;
  const long = Buffer.alloc(8);
  long.writeBigUInt64BE(BigInt(length));
  const header = length < 126 ? [length] : length < 65_536 ? [126] : [127];
  const rest = length < 126 ? [] : length < 65_536 ? long.subarray(6) : long;
  return Buffer.concat([Buffer.from([0x82, ...header, ...rest]), Buffer.from(payload)]);
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

  test.each([1, 7, 120, 1000])(
    "finds every reply of a batch when they come in pieces of %i bytes",
    (pieceBytes) => {
      const replies = [
        "BATCH 2\r\nINSERTED 1\r\nINSERTED 2\r\nBATCH 2\r\nINSERTED 3\r\nINSERTED 4\r\n",
        [1, 2, 3, 4].map((id) => `RESERVED ${id} 100\r\n${"x".repeat(100)}\r\n`).join(""),
        "BATCH 2\r\nDELETED\r\nDELETED\r\n".repeat(2),
      ];
      const heard: string[] = [];
      for (const [index, wave] of batchedConversation(1, 4, 2).waves.entries()) {
        heard.push(Buffer.from(wave.request()).toString("latin1"));
        const bytes = Buffer.from(replies[index] ?? "", "latin1");
        let at = 0;
        for (let come = 0; come < bytes.length;) {
          come = Math.min(bytes.length, come + pieceBytes);
          at = wave.scan(bytes, at, come);
        }
        expect([at, wave.left]).toEqual([bytes.length, 0]);
      }
      expect(heard[0]).toBe(
        `batch 2\r\n${`put 0 0 60 100\r\n${"x".repeat(100)}\r\n`.repeat(2)}`.repeat(2),
      );
      expect(heard[2]).toBe(
        "batch 2\r\ndelete 1\r\ndelete 2\r\nbatch 2\r\ndelete 3\r\ndelete 4\r\n",
      );
    },
  );

  test("says nothing of default, where it is that of a client that says nothing of it", () => {
    const { prologue } = besideDefaultConversation(7, 1);
    expect(prologue).toEqual(["use tube-00007", "watch tube-00007"]);
  });

  test("takes what comes out of its frames, wherever a read ends", () => {
    const payloads = [1, 125, 126, 66_000].map((bytes) => "abc".repeat(bytes).slice(0, bytes));
    const frames = Buffer.concat(payloads.map(frameOf));
    for (const pieceBytes of [1, 1000, frames.length]) {
      const unframer = new Unframer();
      const taken: string[] = [];
      for (let at = 0; at < frames.length; at += pieceBytes) {
        const piece = Buffer.from(frames.subarray(at, at + pieceBytes));
        taken.push(piece.toString("latin1", 0, unframer.take(piece, piece.length)));
      }
      expect(taken.join("") === payloads.join("")).toBe(true);
    }
    expect(() => new Unframer().take(Uint8Array.of(0x88, 0), 2)).toThrow("begins 136");
  });

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

describe("the scenarios", () => {
  const plan = scenarios({ seconds: 1, jobs: 1, idleConnections: 1, diskSeconds: 1 });

  test("begin with the server as it starts: no options, nothing pinned", () => {
    const names = plan.map(({ name }) => name);
    const ofDefault = names.filter((name) => name.startsWith("default-"));
    expect(ofDefault.length).toBeGreaterThan(5);
    expect(names.slice(0, ofDefault.length)).toEqual(ofDefault);
    for (const { contenders } of plan.slice(0, ofDefault.length)) {
      const [first] = contenders;
      if (first === undefined || !("order" in first)) throw new TypeError("not a server");
      expect([first.server, first.threads, first.shards]).toEqual([
        "homemaker",
        undefined,
        undefined,
      ]);
      expect(first.loadCores).toBe(first.cores);
    }
  });

  test("have names and contenders that differ, and compare what they have", () => {
    expect(new Set(plan.map(({ name }) => name)).size).toBe(plan.length);
    for (const { contenders, comparisons } of plan) {
      const rows = contenders.map(({ name }) => name);
      expect(new Set(rows).size).toBe(rows.length);
      const compared = comparisons.flatMap(({ of, against }) => [of, against?.contender ?? of]);
      expect(rows).toEqual(expect.arrayContaining(compared));
    }
  });
});

describe("what is written", () => {
  test("ends at column 100, and a point of a list goes on below its text", () => {
    const lines = wrapped(`- ${"word ".repeat(50)}end`).split("\n");
    expect(lines.map(({ length }) => length <= 100)).not.toContain(false);
    expect(lines.slice(1).map((line) => /^ {2}word/.test(line))).toEqual([true, true]);
  });

  test("into README has a row for all that was measured, and none for what was not", () => {
    const scenario: Scenario = { name: "default-8x64", title: "", contenders: [], comparisons: [] };
    const results = new Results();
    results.add(scenario, "homemaker", 1, {
      commandsPerSecond: 3_641_000,
      serverMicrosPerCommand: 0.261,
    });
    results.add(scenario, "fork", 1, { commandsPerSecond: 2500, serverMicrosPerCommand: 9 });
    const text = readmeFigures([scenario], results, "npm run bench -- --write");
    expect(text).toContain("`npm run bench -- --write`");
    expect(text.split("\n").filter((line) => line.startsWith("| "))).toEqual([
      "| connections x pipelined | | thousand commands/s | CPU, us/command |",
      "| --- | --- | --- | --- |",
      "| 8 x 64 | Homemaker | 3641.0 | 0.26 |",
      "| | antikirra's fork of it | 2.50 | 9.00 |",
    ]);
  });
});

describe("the harness", () => {
  test(
    "measures beanstalkd and the ceiling in a short run",
    { timeout: RUN_MS, tags: ["beanstalkd"] },
    async () => {
      const args = [MAIN, "--quick", "--only", "8x64", "--seconds", "0.3"];
      const env = { [FORK_VARIABLE]: "" };
      const run = await execa(process.execPath, args, { env, reject: false, timeout: RUN_MS });
      const failures = run.stderr.match(/^(?:FAILED|NOT MEASURED: beanstalkd).*$/gm);
      expect({ exitCode: run.exitCode, failures }).toEqual({ exitCode: 0, failures: null });
      for (const contender of ["beanstalkd", "ceiling"])
        expect(run.stdout).toMatch(new RegExp(`^\\| ${contender} \\| \\d+\\.\\d+ \\| \\d`, "m"));
    },
  );

  test(
    "measures a fork that is given, and does not say where it lies",
    { timeout: RUN_MS, tags: ["beanstalkd"] },
    async () => {
      const path = (await execa("which", ["beanstalkd"])).stdout;
      const args = [MAIN, "--quick", "--only", "1x1", "--seconds", "0.1", "--fork", path];
      const run = await execa(process.execPath, args, { reject: false, timeout: RUN_MS });
      expect(run.exitCode).toBe(0);
      expect(run.stdout).toMatch(/^\| fork \| \d+\.\d+ \|/m);
      expect(run.stdout).toContain("--seconds 0.1 --fork PATH`");
      expect(run.stdout).not.toContain(path);
    },
  );

  test("refuses an unknown scenario with one line and exit code 2", async () => {
    const run = await execa(process.execPath, [MAIN, "--only", "9x9"], { reject: false });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toMatch(
      /^bench: error: .*There is no scenario 9x9; there are default-8x64, .*$/,
    );
  });

  test("writes only what a full run measured", async () => {
    const run = await execa(process.execPath, [MAIN, "--quick", "--write"], { reject: false });
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain("--write takes a full run");
  });
});
