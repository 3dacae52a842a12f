/* WebSockets on the HTTP port of a real server that has tokens and a journal, with the client of
 * the package ws at the other end.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ClientOptions } from "ws";
import type { Overview } from "../../src/http/api.ts";
import { HttpPort, talk } from "../http/http-port.ts";
import { until } from "../support/until.ts";
import { expectHeldBack, Peer, rawOf } from "./peer.ts";

const ORIGIN = "https://app.example.org";
const ADMIN = { authorization: "Bearer all-of-it-and-more" };
const MOST = 40;

const directory = mkdtempSync(join(tmpdir(), "homemaker-ws-"));
let http: HttpPort;
let url: string;
beforeAll(async () => {
  const tokens = [
    "--http-token",
    "all-of-it-and-more",
    "--http-read-token",
    "look-but-do-not-touch",
  ];
  const limits = ["--max-job-size", "1MiB", "--max-connections", String(MOST)];
  const flags = [...tokens, ...limits, "--ws-origin", ORIGIN, "--data", directory];
  http = await HttpPort.start({ threads: 2, flags });
  url = `ws://127.0.0.1:${http.port}/ws`;
});
afterAll(async () => {
  await http.server.stop();
  rmSync(directory, { recursive: true });
});

const peers: Peer[] = [];
afterEach(() => {
  for (const { socket } of peers.splice(0)) socket.terminate();
});

async function open(more: ClientOptions = {}): Promise<Peer> {
  const peer = await Peer.open(url, { headers: ADMIN, ...more });
  peers.push(peer);
  return peer;
}

/** What somebody is answered who is not let in. */
const refusal = (headers: Record<string, string>): Promise<string> =>
  new Peer(url, { headers }).ends();

/** A figure of the server's statistics. */
async function figure(name: string): Promise<number> {
  const stats = await talk(http, "stats\r\n");
  return Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(stats)?.[1]);
}

describe("a session", () => {
  it("puts jobs that other connections take, and gets theirs while it waits", async () => {
    const peer = await open();
    expect(await peer.ask("use mail\r\nput 0 0 60 5\r\nhello\r\n", "1\r\n")).toBe(
      "USING mail\r\nINSERTED 1\r\n",
    );
    const taken = await talk(http, "watch mail\r\nreserve\r\ndelete 1\r\n");
    expect(taken).toBe("WATCHING 2\r\nRESERVED 1 5\r\nhello\r\nDELETED\r\n");
    const waits = peer.ask("watch mail\r\nreserve\r\n", "again\r\n");
    await until("it waits", async () => (await figure("current-waiting")) === 1);
    await talk(http, "use mail\r\nput 0 0 60 5\r\nagain\r\n");
    expect(await waits).toBe("WATCHING 2\r\nRESERVED 2 5\r\nagain\r\n");
    peer.socket.close(1000);
    expect(await peer.ends()).toBe("1000");
  });

  it("is counted and listed as any other, and what HTTP itself does is not", async () => {
    await until("nobody else is there", async () => (await figure("current-connections")) === 1);
    const puts = await figure("cmd-put");
    const peer = await open();
    await peer.ask("client-name page\r\nput 0 0 60 1\r\nx\r\n", "INSERTED 3\r\n");
    await until("it is there", async () => (await figure("current-connections")) === 2);
    expect(await figure("cmd-put")).toBe(puts + 1);
    expect(await figure("current-producers")).toBe(1);
    await expect
      .poll(() => http.json("/api/v1/connections", { headers: ADMIN }))
      .toMatchObject({ total: 1, connections: [{ name: "page", thread: 2 }] });
    const deleted = await figure("cmd-delete");
    expect((await http.change("/api/v1/jobs/3/delete", {}, ADMIN)).status).toBe(200);
    expect(await figure("cmd-delete")).toBe(deleted);
    peer.socket.terminate();
    await until("it is gone", async () => (await figure("current-connections")) === 1);
  });

  it("of a peer that breaks the rules ends, and others go on", async () => {
    const rude = await open();
    await rude.ask("use rude\r\nwatch rude\r\nput 0 0 60 1\r\nx\r\nreserve\r\n", "x\r\n");
    const other = await open();
    const waits = other.ask("watch rude\r\nreserve-with-timeout 30\r\n", "x\r\n");
    rawOf(rude.socket).write(Buffer.from([0xff, 0x80, 0, 0, 0, 0]));
    expect(await waits).toMatch(/RESERVED \d+ 1\r\nx\r\n$/);
    expect(await rude.ends()).toBe("1002 a reserved bit is set");
  });

  it("of a peer that does not read is not read from, and loses nothing", () =>
    expectHeldBack(() => open()));
});

describe("it is opened", () => {
  it("by whoever may do everything, and by nobody else", async () => {
    expect(await refusal({})).toBe("Unexpected server response: 401");
    expect(await refusal({ authorization: "Bearer wrong" })).toMatch(/ 401$/);
    expect(await refusal({ authorization: "Bearer look-but-do-not-touch" })).toMatch(/ 403$/);
    const login = await http.change("/api/v1/login", { token: "all-of-it-and-more" });
    const cookie = String(login.headers["set-cookie"]).split(";", 1)[0] ?? "";
    await open({ headers: { cookie } });
  });

  it("by pages of this port and those that were named, not by others", async () => {
    for (const origin of [ORIGIN, `http://127.0.0.1:${http.port}`]) {
      await open({ origin });
    }
    for (const origin of ["http://evil.example", "null", `http://localhost:${http.port}`]) {
      expect(await refusal({ ...ADMIN, origin })).toBe("Unexpected server response: 403");
    }
  });

  it("by a name of this server", async () => {
    const host = "evil.example";
    expect(await refusal({ ...ADMIN, host, origin: `http://${host}` })).toMatch(/ 403$/);
  });

  it("until there are as many connections as there may be", async () => {
    const counted = async (): Promise<unknown> => {
      const overview = await http.json("/api/v1/overview", { headers: ADMIN });
      return (overview as Overview).connections.open;
    };
    await until("nobody else is there", async () => (await counted()) === 0);
    while (peers.length < MOST) await open();
    expect(await refusal(ADMIN)).toBe("Unexpected server response: 503");
    for (const { socket } of peers.splice(0)) socket.terminate();
    await until("there is room", async () => (await counted()) === 0);
  });
});

it("says what it takes to a request for something else, and answers what only offers more", async () => {
  expect(await http.ask("/ws")).toMatchObject({ status: 426, headers: { upgrade: "websocket" } });
  const headers = { connection: "upgrade, http2-settings", upgrade: "h2c", "http2-settings": "AA" };
  expect(await http.ask("/healthz", { headers })).toMatchObject({ status: 200 });
  const upgrade = { ...ADMIN, connection: "upgrade", upgrade: "websocket" };
  const older = { ...upgrade, "sec-websocket-version": "12" };
  expect(await http.ask("/ws", { headers: older })).toMatchObject({
    status: 426,
    headers: { "sec-websocket-version": "13" },
  });
});

it("closes when the server stops, with a word", async () => {
  const two = await Promise.all([open(), open()]);
  http.server.signal("SIGTERM");
  expect(await Promise.all(two.map((peer) => peer.ends()))).toEqual([
    "1001 the server stops",
    "1001 the server stops",
  ]);
  await http.server.exited;
});
