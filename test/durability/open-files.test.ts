/*
 * Open files: with all connections taken that there may be, of clients and of HTTP, the journal
 * still opens its next file.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Conversation } from "../support/conversation.ts";
import { connectTo, ServerWithData } from "./server-with-data.ts";
import { until } from "../support/until.ts";

const TIMEOUT_MS = 120_000;
const HTTP_CONNECTIONS = 256;
/** More than there may be. */
const CLIENTS_BEYOND = 20;
/** Together some segments of 1 MiB. */
const PUTS = 100;
const BODY = Buffer.alloc(60_000, "a job ");

let directory: string;
let server: ServerWithData | undefined;
const sockets: Socket[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "homemaker-files-"));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.kill();
  rmSync(directory, { recursive: true });
});

/** A connection that says nothing, to whatever listens there. */
async function silent(port: number): Promise<Socket> {
  const socket = await connectTo(port);
  socket.on("error", () => undefined); // a connection too many may be reset
  socket.resume();
  sockets.push(socket);
  return socket;
}

/** The files of the journal. */
function segments(): readonly string[] {
  return readdirSync(directory).filter((name) => name.startsWith("journal."));
}

test.each([1024, 300])(
  "with %i files and every connection taken the journal goes on to its next segments",
  { timeout: TIMEOUT_MS },
  async (files) => {
    const under = ["prlimit", `--nofile=${files}:${files}`];
    const flags = ["--http-port", "0"];
    server = await ServerWithData.serving({ directory, level: "sync", threads: 2, under, flags });
    const said = /"maxConnections":(\d+).*"httpConnections":(\d+)/.exec(server.errors);
    const most = Number(said?.[1]);
    expect(most).toBeGreaterThan(16);
    expect(Number(said?.[2])).toBeLessThanOrEqual(HTTP_CONNECTIONS);
    const { port, pid } = server;
    const http = Number(/dashboard on http:\/\/\S+:(\d+)/.exec(server.output)?.[1]);
    const client = new Conversation(await server.connect());
    const clients = await Promise.all(
      Array.from({ length: most - 1 + CLIENTS_BEYOND }, () => silent(port)),
    );
    await Promise.all(Array.from({ length: HTTP_CONNECTIONS }, () => silent(http)));
    await until("those too many are closed", () => {
      return clients.filter(({ closed, readableEnded }) => closed || readableEnded).length > 0;
    });
    expect(readdirSync(`/proc/${pid}/fd`).length).toBeLessThan(files);

    const places = Array.from({ length: PUTS }, (_, at) => at);
    const lines = await Promise.all(
      places.map(() => client.line(`put 0 0 60 ${BODY.length}`, BODY)),
    );
    expect(lines).toEqual(places.map((at) => `INSERTED ${at + 1}`));
    expect(segments().length).toBeGreaterThan(4);
    expect(server.ending).toBeUndefined();
    const refused = connect({ host: "127.0.0.1", port });
    refused.on("error", () => undefined);
    refused.resume();
    sockets.push(refused);
    await until("one more is closed", () => refused.closed || refused.readableEnded);
  },
);

test(
  "with too few files for any connection it does not start, and says how many it needs",
  { timeout: TIMEOUT_MS },
  async () => {
    const under = ["prlimit", "--nofile=100:100"];
    server = new ServerWithData({ directory, threads: 2, under });
    expect(await server.ended).toBe(1);
    expect(server.complaints).toEqual([
      expect.stringMatching(
        /^homemaker: the limit of open files is 100, and this server needs \d+: /,
      ),
    ]);
  },
);
