/* Connections and drain mode over HTTP. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConnectionsAnswer, ConnectionSummary, WorkersAnswer } from "../../src/http/api.ts";
import { HttpPort, talk } from "./http-port.ts";

let http: HttpPort;
beforeAll(async () => {
  http = await HttpPort.start({ threads: 2 });
});
afterAll(() => http.server.stop());

const page = async (query = "") =>
  (await http.json(`/api/v1/connections${query}`)) as ConnectionsAnswer;

/** A connection that has sent `commands` and has heard `last`. */
async function connected(commands: string, last: string): Promise<Socket> {
  const socket = await http.server.connect();
  let text = "";
  socket.on("data", (chunk: Buffer) => void (text += chunk.toString("latin1")));
  socket.write(commands);
  while (!text.includes(last)) await once(socket, "data");
  return socket;
}

test("a connection is shown with what it uses, watches, waits for and holds", async () => {
  const watches = Array.from({ length: 25 }, (_, at) => `watch tube-${at}\r\n`).join("");
  const puts = "put 0 0 60 1\r\nx\r\n".repeat(22);
  const worker = await connected(
    `use tube-3\r\n${watches}${puts}${"reserve\r\n".repeat(22)}list-tube-used\r\n`,
    "RESERVED 22 1\r\nx\r\nUSING tube-3",
  );
  const waiting = await connected(
    "watch none\r\nignore default\r\nlist-tube-used\r\nreserve\r\n",
    "USING",
  );
  const byPeer = async (socket: Socket): Promise<ConnectionSummary | undefined> =>
    (await page()).connections.find(({ peer }) => peer === `127.0.0.1:${socket.localPort}`);
  const shown = await byPeer(worker);
  expect(shown).toMatchObject({
    uses: "tube-3",
    watchCount: 26,
    holdCount: 22,
    waiting: false,
    id: `${shown?.thread}-${shown?.id.split("-")[1]}`,
  });
  expect(shown?.watches).toHaveLength(20);
  expect(shown?.watches[0]).toBe("default");
  expect(shown?.holds.map(({ id, tube }) => [id, tube])).toEqual(
    Array.from({ length: 20 }, (_, at) => [at + 1, "tube-3"]),
  );
  expect(shown?.holds[0]?.leftSeconds).toBeGreaterThan(0);
  await expect.poll(() => byPeer(waiting)).toMatchObject({ waiting: true, watches: ["none"] });
  worker.destroy();
  waiting.destroy();
  await expect.poll(async () => (await page()).total).toBe(0);
});

test("workers are shown by name and host, with what their connections do together", async () => {
  const job = (body: string): string => `put 0 0 60 ${body.length}\r\n${body}\r\n`;
  const puts = `use mails\r\n${job('{"type":"send"}')}${job("x")}${job("y")}list-tube-used\r\n`;
  const reserves = "watch mails\r\nignore default\r\nreserve\r\n";
  const sockets = [
    await connected(`client-name shop web-1 1\r\n${puts}`, "USING mails"), // it works on nothing
    await connected(`client-name mailer web-1 4711\r\n${reserves}`, "RESERVED"),
    await connected(`window 5\r\nwatch mails\r\nwindow 1\r\nclient-name mailer web-1\r\n`, "NAMED"),
    await connected(`client-name mailer web-2\r\n${reserves}`, "RESERVED"),
    await connected("watch mails\r\nreserve-with-timeout 0\r\n", "TIMED_OUT"), // nameless
  ];
  const { workers, ...rest } = (await http.json("/api/v1/workers")) as WorkersAnswer;
  expect(rest).toEqual({ scanned: 3, isWhole: true });
  expect(workers.map(({ name, host }) => `${name}@${host}`)).toEqual([
    "mailer@web-1",
    "mailer@web-2",
  ]);
  expect(workers[0]).toMatchObject({ connectionCount: 2, window: 1, holdCount: 2 });
  expect(workers[0]?.connections.map(({ pid }) => pid)).toEqual([4711, null]);
  expect(workers[0]?.watches.toSorted()).toEqual(["default", "mails"]);
  const [hold] = workers[0]?.holds.toSorted((one, other) => one.id - other.id) ?? [];
  expect(hold).toMatchObject({ tube: "mails", progress: null });
  expect(atob(hold?.preview.base64 ?? "")).toBe('{"type":"send"}');
  expect(hold?.leftSeconds).toBeGreaterThan(0);
  await talk(http, "flush-tube mails\r\n");
  for (const socket of sockets) socket.destroy();
  await expect.poll(async () => (await page()).total).toBe(0);
});

test("a connection is shown with what its client calls itself, as it says last", async () => {
  const socket = await connected("client-name a\r\nclient-name b web-1 7\r\n", "NAMED\r\nNAMED");
  const [shown] = (await page()).connections;
  expect(shown).toMatchObject({ name: "b", host: "web-1", pid: 7, window: 0 });
  socket.destroy();
  const other = await connected("list-tube-used\r\n", "USING");
  const nameless = { name: "", host: "", pid: null };
  await expect.poll(async () => (await page()).connections).toMatchObject([nameless]);
  other.destroy();
  await expect.poll(async () => (await page()).total).toBe(0);
});

test("connections of several threads are shown a page at a time, each of them once", async () => {
  const sockets = await Promise.all(
    Array.from({ length: 12 }, () => connected("list-tube-used\r\n", "USING")),
  );
  const ids: string[] = [];
  for (let offset = 0; offset < 12; offset += 5) {
    const { total, connections } = await page(`?offset=${offset}&limit=5`);
    expect(total).toBe(12);
    ids.push(...connections.map(({ id }) => id));
  }
  expect(new Set(ids).size).toBe(12);
  expect(ids).toHaveLength(12);
  expect((await page("?offset=12")).connections).toEqual([]);
  for (const socket of sockets) socket.destroy();
  await expect.poll(async () => (await page()).total).toBe(0);
});

test("drain mode begins and ends, and probes hear of it", async () => {
  expect((await http.change("/api/v1/drain")).status).toBe(200);
  expect(await talk(http, "put 0 0 9 1\r\nx\r\n")).toBe("DRAINING\r\n");
  expect(await http.ask("/readyz")).toMatchObject({ status: 503, text: "draining\n" });
  expect(await http.json("/api/v1/overview")).toMatchObject({ isDraining: true });
  expect((await http.change("/api/v1/undrain")).status).toBe(200);
  expect(await talk(http, "put 0 0 9 1\r\nx\r\n")).toMatch(/^INSERTED /);
  expect((await http.ask("/readyz")).status).toBe(200);
  expect(http.server.output).toMatch(/"draining: .*"/);
});
