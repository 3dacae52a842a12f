/*
 * Strangers: the HTTP port in a runtime against those who are slow, send garbage, or come in
 * numbers. The queue beside it goes on.
 */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { tagsOn } from "../support/matrix.ts";
import { RUNTIMES } from "../support/runtimes.ts";
import type { RuntimeName } from "../support/runtimes.ts";
import { HttpPort, pageHeaders, send, talk } from "./http-port.ts";

/** As in src/http/http-server.ts. */
const CONNECTIONS_MAX = 256;
const UNDER_WAY_MAX = 64;
/** Whoever takes nothing is cut off after 15 to 30 seconds, and the machine may be busy. */
const PATIENCE_MS = 120_000;
const POLL = { timeout: PATIENCE_MS, interval: 250 };

const HOST = "host: localhost\r\n";
const GET = `GET /healthz HTTP/1.1\r\n${HOST}`;
const POST = `POST /api/v1/undrain HTTP/1.1\r\n${HOST}content-type: application/json\r\nx-homemaker: 1\r\n`;

const GARBLED = [
  ["a command of the queue", "put 0 0 1 1\r\na\r\n\r\n"],
  ["bytes", "\0\x01\x02\r\n\r\n"],
  ["TLS", "\x16\x03\x01\x02\0\x01\0\x01\xFC\x03\x03"],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a method that nobody knows", `JUMP / HTTP/1.1\r\n${HOST}\r\n`],
  ["lines that end in a line feed alone", "GET /healthz HTTP/1.1\nhost: localhost\n\n"],
  ["a header that goes on in the next line", `${GET}a: b\r\n c\r\n\r\n`],
  ["a header with a NUL", `${GET}a: b\0c\r\n\r\n`],
  ["a header with a space before its colon", `${GET}a : b\r\n\r\n`],
  ["two lengths", `${POST}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`],
  ["a length below 0", `${POST}content-length: -5\r\n\r\n`],
  ["a length beyond all numbers", `${POST}content-length: 99999999999999999999999999\r\n\r\n`],
  [
    "a length and chunks",
    `${POST}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ["a chunk without a length", `${POST}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`],
  ["an encoding that nobody knows", `${POST}transfer-encoding: odd\r\n\r\n{}`],
] as const;

/** Declares the tests of a runtime. */
export function faceStrangers(name: RuntimeName): void {
  vi.setConfig({ testTimeout: 2 * PATIENCE_MS });
  const runtime = RUNTIMES[name];
  const tags = tagsOn(name);
  describe.concurrent(`on ${name}`, { tags }, () => {
    askAndStare(name, runtime);
  });
  describe.concurrent(`in numbers, on ${name}`, { tags }, () => {
    comeInNumbers(runtime);
  });
}

function askAndStare(name: RuntimeName, runtime: readonly string[]): void {
  let http: HttpPort;
  beforeAll(async () => {
    http = await HttpPort.start({ runtime });
  });
  afterAll(() => http.server.stop());

  it.for(GARBLED)("%s gets a 400 and a reason", async ([, bytes], { expect }) => {
    const said = await send(http.port, bytes);
    expect(said).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(said).toContain("content-security-policy: default-src 'none'");
    expect(said).toMatch(/"code":"HM_HTTP_\w+"/);
  });

  it("a request says whom it is for, once", async ({ expect }) => {
    const close = "connection: close\r\n\r\n";
    for (const hosts of ["", `${HOST}host: evil.example\r\n`, `host: evil.example\r\n${HOST}`]) {
      const said = await send(http.port, `GET /healthz HTTP/1.1\r\n${hosts}${close}`);
      expect(said).toMatch(/^HTTP\/1.1 400 [^]*HM_HTTP_HOST/);
    }
    const nobody = await send(http.port, `GET /healthz HTTP/1.1\r\nhost:\r\n${close}`);
    expect(nobody).toMatch(/^HTTP\/1.1 403 [^]*HM_HTTP_HOST/);
    const odd = await send(http.port, `${POST}expect: what\r\ncontent-length: 2\r\n${close}{}`);
    expect(odd).toMatch(/^HTTP\/1.1 417 [^]*HM_HTTP_EXPECTATION/);
  });

  it("headers above 16 KiB and bodies above 64 KiB are not read to their end", async ({
    expect,
  }) => {
    const endless = `x: ${"a".repeat(1000)}\r\n`;
    expect(await send(http.port, GET + endless.repeat(20))).toMatch(/^HTTP\/1.1 431 /);
    const announced = `${POST}content-length: 99999999999\r\n\r\n{`;
    expect(await send(http.port, announced)).toMatch(/^HTTP\/1.1 413 /);
    const chunk = `8000\r\n${"x".repeat(0x8000)}\r\n`;
    const chunked = `${POST}transfer-encoding: chunked\r\n\r\n${chunk.repeat(3)}`;
    expect(await send(http.port, chunked, chunk)).toMatch(/^HTTP\/1.1 413 /);
    const unasked = `${GET}content-length: 99999999999\r\n\r\n`;
    expect(await send(http.port, unasked, "x".repeat(0x8000))).toMatch(/^HTTP\/1.1 200 /);
  });

  it("whoever is slow or silent is not waited for", async ({ expect }) => {
    const silent = [send(http.port, ""), send(http.port, GET.slice(0, 9))];
    const slow = [
      send(http.port, GET, "x: y\r\n"),
      send(http.port, `${POST}content-length: 1000\r\n\r\n{`, " "),
    ];
    const idle = send(http.port, `${GET}\r\n`);
    // Bun's own timer, of ten seconds too, may come first on a busy machine, and says nothing.
    const told = name === "bun" ? /^(?:HTTP\/1.1 408 |$)/ : /^HTTP\/1.1 408 /;
    for (const said of await Promise.all(silent)) expect(said).toMatch(told);
    // Who goes on sending to a connection that is closed may lose what was said before.
    for (const said of await Promise.all(slow)) expect(said).toMatch(/^(?:HTTP\/1.1 408 |$)/);
    expect(await idle).toMatch(/^HTTP\/1.1 200 .*alive\n$/s);
  });

  it("whoever asks and takes nothing of the answers is cut off", async ({ expect }) => {
    const page = await http.ask("/");
    const [, script = ""] = /src="([^"]+\.js)"/.exec(page.text) ?? [];
    const socket = await mute(http.port);
    const own = socket.localPort ?? 0;
    socket.write(`GET /${script} HTTP/1.1\r\n${HOST}\r\n`.repeat(400));
    expect(isServed(http.port, own)).toBe(true);
    await expect.poll(() => isServed(http.port, own), POLL).toBe(false);
    socket.destroy();
  });
}

function comeInNumbers(runtime: readonly string[]): void {
  it("connections are closed above 256, requests refused above 64, health and the queue are not", async ({
    expect,
  }) => {
    await using http = await HttpPort.start({ runtime });
    const busy = await crowd(http.port, UNDER_WAY_MAX, `${POST}content-length: 9\r\n\r\n`);
    await expect
      .poll(async () => (await http.ask("/api/v1/overview")).text, POLL)
      .toContain("HM_HTTP_BUSY");
    expect(await http.ask("/healthz")).toMatchObject({ status: 200, text: "alive\n" });
    const refused = await http.ask("/api/v1/undrain", {
      method: "POST",
      headers: pageHeaders(http),
      body: "{}",
    });
    expect(refused).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
    for (const socket of busy) socket.destroy();
    await expect.poll(async () => (await http.ask("/api/v1/overview")).status, POLL).toBe(200);

    const many = await crowd(http.port, 2 * CONNECTIONS_MAX, GET);
    const open = (): number => many.filter(({ closed }) => !closed).length;
    await expect.poll(open, POLL).toBeLessThanOrEqual(CONNECTIONS_MAX);
    expect(await talk(http, "put 0 0 60 1\r\na\r\nreserve\r\ndelete 1\r\n")).toBe(
      "INSERTED 1\r\nRESERVED 1 1\r\na\r\nDELETED\r\n",
    );
    for (const socket of many) socket.destroy();
    const again = async (): Promise<unknown> =>
      (await http.ask("/readyz").catch(() => undefined))?.text;
    await expect.poll(again, POLL).toBe("ready\n");
    expect(http.server.output).not.toContain('"level":"error"');
  });

  it("what was turned away and does not go takes nobody's place for long", async ({ expect }) => {
    await using http = await HttpPort.start({ runtime });
    const many = await crowd(http.port, CONNECTIONS_MAX, "garbage\r\n\r\n");
    const answer = async (): Promise<unknown> =>
      (await http.ask("/healthz").catch(() => undefined))?.text;
    await expect.poll(answer, POLL).toBe("alive\n");
    for (const socket of many) socket.destroy();
  });
}

/** A connection that reads nothing and never closes by itself. */
async function mute(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.on("error", () => socket.destroy()); // it was cut off
  await new Promise<void>((resolve) => {
    socket.once("connect", resolve);
    socket.once("close", resolve);
  });
  return socket;
}

/** So many connections that each send these bytes, and no more, and never close by themselves. */
async function crowd(port: number, count: number, bytes: string): Promise<readonly Socket[]> {
  const sockets = await Promise.all(Array.from({ length: count }, () => mute(port)));
  for (const socket of sockets) {
    socket.resume();
    socket.once("end", () => {
      if (count > CONNECTIONS_MAX) socket.destroy();
    });
    if (socket.writable) socket.write(bytes);
  }
  return sockets;
}

/** Whether the kernel has the server's side of the connection as established. */
function isServed(port: number, peerPort: number): boolean {
  const hex = (number: number): string => number.toString(16).toUpperCase().padStart(4, "0");
  const line = new RegExp(`:${hex(port)} [0-9A-F]+:${hex(peerPort)} 01 `);
  return line.test(readFileSync("/proc/net/tcp", "utf8"));
}
