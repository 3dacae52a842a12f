/* Clients that ask for long bodies and do not read them: what they cost the server. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { startHomemaker } from "../support/homemaker.ts";
import { until } from "../support/until.ts";
import type { ServerProcess } from "../support/server-process.ts";

const MEBIBYTE = 1_048_576;
const BODY = Buffer.alloc(60 * MEBIBYTE, "a very long body ");
const CLIENTS = 40;
/** What each may have waiting (`--max-output`), and a step of sending more. */
const WAITING_BYTES = 1.5 * MEBIBYTE;
/** What the heap collects in between. */
const LEEWAY_BYTES = 100 * MEBIBYTE;

let server: ServerProcess | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.stop();
});

function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kibibytes) * 1024;
}

test(
  "40 clients that ask for 60 MiB and do not read take little more than --max-output each, and get all of it",
  { timeout: 120_000 },
  async () => {
    server = await startHomemaker({ threads: 2, maxJobSizeBytes: BODY.length });
    const { address, pid } = server;
    const talk = (): Socket => {
      const socket = connect(address);
      sockets.push(socket);
      return socket;
    };
    const putter = talk();
    let told = "";
    putter.on("data", (chunk: Buffer) => (told += chunk.toString("latin1")));
    putter.write(`put 0 0 600 ${BODY.length}\r\n`);
    putter.write(BODY);
    putter.write("\r\n");
    await until("the job is there", () => told === "INSERTED 1\r\n");
    const before = residentBytes(pid);

    const readers = Array.from({ length: CLIENTS }, talk);
    const parts: Buffer[][] = readers.map(() => []);
    for (const [at, reader] of readers.entries()) {
      reader.once("data", (chunk: Buffer) => {
        parts[at]?.push(chunk);
        reader.pause();
      });
      reader.write("peek 1\r\n");
    }
    await until("each has the beginning", () => parts.every(({ length }) => length > 0));
    putter.write("stats-job 1\r\ndelete 1\r\n");
    await until("the job is deleted", () => told.endsWith("DELETED\r\n"));
    const most = residentBytes(pid) - before;
    expect(most).toBeLessThan(CLIENTS * WAITING_BYTES + LEEWAY_BYTES);

    const [reader] = readers;
    const [got = []] = parts;
    let received = got[0]?.length ?? 0;
    reader?.on("data", (chunk: Buffer) => {
      got.push(chunk);
      received += chunk.length;
    });
    reader?.resume();
    const line = `FOUND 1 ${BODY.length}\r\n`;
    await until("all of it is there", () => received >= line.length + BODY.length + 2);
    const whole = Buffer.concat(got);
    expect(whole.subarray(0, line.length).toString()).toBe(line);
    expect(whole.subarray(line.length, -2).equals(BODY)).toBe(true);
    expect(residentBytes(pid) - before).toBeLessThan(CLIENTS * WAITING_BYTES + LEEWAY_BYTES);
  },
);
