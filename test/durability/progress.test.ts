/*
 * Progress of a recovery that takes long: a bar where standard error is a terminal, lines of the
 * log where it is not.
 *
 * @module-tag strace
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { program } from "../support/programs.ts";
import { Conversation } from "../support/conversation.ts";
import { ServerWithData } from "./server-with-data.ts";

const TIMEOUT_MS = 60_000;
/** Three segments of 1 MiB. */
const JOBS = 250;
const BODY = Buffer.alloc(10_000, "x");
/**
 * Reading a segment takes longer than the time from one word about the progress to the next. Node's
 * cache of compiled modules is left out, as that is read likewise.
 */
function slowly(): readonly string[] {
  const words = ["-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pread64"];
  words.push("-E", "NODE_COMPILE_CACHE");
  return [program("strace"), ...words, "-e", "inject=pread64:delay_enter=600000"];
}
/** Runs the words behind it with a terminal of their own, which it shows on its standard output. */
const IN_TERMINAL = ["sh", "-c", 'exec script -qefc "$*" /dev/null', "sh"];

let directory: string;
const servers: ServerWithData[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "homemaker-progress-"));
  const first = await ServerWithData.serving({ directory, threads: 1, shards: 2, level: "os" });
  servers.push(first);
  const client = new Conversation(await first.connect());
  for (let put = 1; put < JOBS; put++) void client.line("put 0 0 60 10000", BODY);
  expect(await client.line("put 0 0 60 10000", BODY)).toBe(`INSERTED ${JOBS}`);
  await first.kill();
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.kill();
  rmSync(directory, { recursive: true });
});

async function restart(under: readonly string[]): Promise<ServerWithData> {
  const server = await ServerWithData.serving({ directory, threads: 1, shards: 2, under });
  servers.push(server);
  return server;
}

test(
  "on a terminal a bar is drawn, and gone when the server serves",
  { timeout: TIMEOUT_MS },
  async () => {
    const { output } = await restart([...IN_TERMINAL, ...slowly()]);
    const shown = [...output.matchAll(/\r\u001b\[Krecovering \[#* *\] +(\d+) %/g)].map(
      ([, percent]) => Number(percent),
    );
    expect(shown.length).toBeGreaterThan(0);
    expect(shown).toEqual(shown.toSorted((a, b) => a - b));
    expect(output).toMatch(/ %\r\u001b\[K[^#]*"recovered"/);
    expect(output).not.toContain('"recovering"');
  },
);

test("without a terminal the log says how far it is", { timeout: TIMEOUT_MS }, async () => {
  const { told } = await restart(slowly());
  expect(told).toMatch(/"percent":\d+,"msg":"recovering"/);
  expect(told).not.toContain("\u001b");
});
