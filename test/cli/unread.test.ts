/* A server whose standard output and standard error nobody reads, or whose reader goes away. */
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { COMMAND } from "../support/command.ts";
import { until } from "../support/until.ts";

const TIMEOUT_MS = 120_000;
const PATIENCE_MS = 30_000;
const COMMANDS = 200_000;
const GROWTH_BYTES_MAX = 150_000_000;
const FREE = ["-p", "0", "--threads", "1", "--shards", "1", "--http-port", "0"];

let folder = "";
let child: ChildProcess | undefined;
const open: number[] = [];
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "homemaker-unread-"))));
afterEach(() => {
  child?.kill("SIGKILL");
  for (const fd of open.splice(0)) closeSync(fd);
  rmSync(folder, { recursive: true });
});

/** A pipe, and its two ends. */
function pipe(): { readonly reading: number; readonly writing: number } {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writing = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  open.push(reading);
  return { reading, writing };
}

/** Fills a pipe to the last byte. */
function fill(writing: number): void {
  for (const bytes of [4096, 1]) {
    try {
      for (;;) writeSync(writing, Buffer.alloc(bytes, "x"));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
}

/** Starts a server that serves; `error` is its standard error. */
async function serve(flags: readonly string[], error: number): Promise<ServerSeen> {
  child = spawn(process.execPath, [COMMAND, ...FREE, ...flags], {
    stdio: ["ignore", "pipe", error],
  });
  closeSync(error);
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await until("it listens", () => / listening on .*\n/.test(output));
  const port = Number(/ listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
  return { child, port, url: /dashboard on (\S+)/.exec(output)?.[1] ?? "" };
}

interface ServerSeen {
  readonly child: ChildProcess;
  readonly port: number;
  readonly url: string;
}

/** Has the server answer so many commands, one packet after the other. */
async function talk(port: number, commands: number): Promise<void> {
  const socket: Socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  let bytes = 0;
  socket.on("data", (chunk: Buffer) => (bytes += chunk.length));
  const packet = Buffer.from("list-tube-used\r\n".repeat(1000));
  for (let done = 1000; done <= commands; done += 1000) {
    socket.write(packet);
    await until("all is answered", () => bytes === done * "USING default\r\n".length);
  }
  socket.destroy();
}

function residentBytes(pid: number): number {
  return 1024 * Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

async function health(url: string): Promise<string> {
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  return (await answer.text()).trim();
}

async function stopped({ child: one }: ServerSeen): Promise<unknown> {
  const gone = once(one, "exit");
  one.kill("SIGTERM");
  const [code, signal]: unknown[] = await gone;
  return code ?? signal;
}

describe("a server whose standard error is a pipe that nobody reads", () => {
  it.each(["-V", "-VV"])(
    "serves, keeps its memory and stops, with %s",
    async (flag) => {
      const { writing } = pipe();
      fill(writing);
      const server = await serve([flag], writing);
      await talk(server.port, 10_000);
      const before = residentBytes(server.child.pid ?? 0);
      await talk(server.port, COMMANDS);
      expect(await health(server.url)).toBe("alive");
      expect(residentBytes(server.child.pid ?? 0) - before).toBeLessThan(GROWTH_BYTES_MAX);
      expect(await stopped(server)).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    "says how many lines it dropped once somebody reads, and counts them",
    async () => {
      const { reading, writing } = pipe();
      const server = await serve(["-VV"], writing);
      await talk(server.port, 20_000);
      const dropped = async (): Promise<number> => {
        const text = await (await fetch(`${server.url}/metrics`)).text();
        return Number(/^homemaker_log_lines_dropped_total (\d+)$/m.exec(text)?.[1]);
      };
      await until("lines are dropped", async () => (await dropped()) > 0);
      let log = "";
      await until("it says so", () => {
        log += readAll(reading);
        return /"dropped":[1-9]\d*,"msg":"log lines were dropped/.test(log);
      });
      const lines = log.split("\n").slice(0, -1);
      expect(() => lines.map((line) => JSON.parse(line) as unknown)).not.toThrow(); // none is cut
      expect(await stopped(server)).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    "says why it cannot start to whoever comes to read, and ends if nobody does",
    async () => {
      const { writing } = pipe();
      fill(writing);
      child = spawn(process.execPath, [COMMAND, ...FREE, "-u", "nobody-of-that-name"], {
        stdio: ["ignore", "ignore", writing],
      });
      closeSync(writing);
      expect((await once(child, "exit"))[0]).toBe(1);
    },
    TIMEOUT_MS,
  );
});

describe("a server whose standard error is gone", () => {
  it(
    "serves and stops when its reader has gone",
    async () => {
      const { reading, writing } = pipe();
      closeSync(reading);
      open.splice(open.indexOf(reading), 1);
      const server = await serve(["-VV"], writing);
      await talk(server.port, 10_000);
      expect(await health(server.url)).toBe("alive");
      expect(await stopped(server)).toBe(0);
    },
    TIMEOUT_MS,
  );

  it(
    "serves and stops when the disk is full on which its log lies",
    async () => {
      const server = await serve(["-VV"], openSync("/dev/full", "w"));
      await talk(server.port, 10_000);
      expect(await health(server.url)).toBe("alive");
      expect(await stopped(server)).toBe(0);
    },
    TIMEOUT_MS,
  );
});

/** What there is to read at once. */
function readAll(reading: number): string {
  const pieces: Buffer[] = [];
  try {
    for (;;) {
      const piece = Buffer.alloc(65_536);
      const count = readSync(reading, piece);
      pieces.push(piece.subarray(0, count));
      if (count === 0) break;
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
  }
  return Buffer.concat(pieces).toString();
}
