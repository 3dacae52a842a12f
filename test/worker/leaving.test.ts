/* Programs whose worker stops, as processes of their own: beside a test's runner, whose event loop
 * is never empty, none would end too early.
 */
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";
import { connect } from "../../src/entries/client.ts";
import { LastingServer } from "../backends/lasting-server.ts";
import { programHere } from "../support/runtimes.ts";
import { until } from "../support/until.ts";

const ROUND = fileURLToPath(new URL("leaving-round.ts", import.meta.url));
const TEST_MS = 120_000;
const REPORT = JSON.stringify({ finished: 0, handedBack: 0, abandoned: 0 });
/** That of its queue, its worker's, that of the thread which vouches for it, and the test's own. */
const CONNECTIONS = 4;

/** Resolves when the program has all its connections. */
async function connected(address: string): Promise<void> {
  await using client = await connect(address);
  await until("all of the program is there", async () => {
    return Number((await client.stats())["current-connections"]) >= CONNECTIONS;
  });
}

test.each([
  ["memory", "stop"],
  ["server", "stop"],
  ["server", "signal"],
  ["server", "until-signal"],
])(
  "a worker keeps its process until it has stopped: %s, %s",
  { timeout: TEST_MS },
  async (where, how) => {
    const path = where === "server" ? (await LastingServer.start()).path : undefined;
    const target = path === undefined ? where : `homemaker+unix:${path}`;
    const program = execa(...programHere(ROUND, target, how), {
      buffer: false,
      reject: false,
      timeout: TEST_MS,
    });
    let printed = "";
    program.stdout.on("data", (text: Buffer) => (printed += text.toString()));
    await until("it runs", () => printed.includes("runs"));
    if (path !== undefined) await connected(`unix:${path}`);
    // By its pid: what Deno has killed has ended by that signal for it, whatever it made of it.
    process.kill(Number(program.pid), "SIGTERM");
    const { exitCode } = await program;
    expect([exitCode, printed]).toEqual([0, `runs\n${REPORT}\nclosed\n`]);
  },
);
