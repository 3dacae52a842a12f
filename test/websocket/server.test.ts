/* The real server at a ws:// address, with the client of the package ws at the other end, which was
 * written by others.
 */
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { startOnWebSocket } from "../dialogues/targets/homemaker.ts";
import { webSocketUrl } from "../support/web-socket-url.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { until } from "../support/until.ts";
import { upgradeRequest } from "./frames.ts";
import { expectHeldBack, Peer, rawOf } from "./peer.ts";

const ORIGIN = "http://app.example.org";

describe("a server with two threads", () => {
  let server: ServerProcess;
  let url: string;
  beforeAll(async () => {
    const size = ["--threads", "2", "--shards", "2", "--max-job-size", "1MiB"];
    server = await startOnWebSocket(...size, "--ws-origin", ORIGIN);
    url = webSocketUrl(server);
  });
  afterAll(() => server.stop());

  test("jobs go in and come out, in messages of bytes or of text, in any pieces", async () => {
    const peer = await Peer.open(url);
    expect(await peer.ask(Buffer.from("put 0 0 60 5\r\nhello\r\n"))).toMatch(/^INSERTED \d+\r\n$/);
    for (const letter of "reserve") peer.socket.send(letter);
    expect(await peer.ask("\r\n", "hello\r\n")).toMatch(/^RESERVED \d+ 5\r\nhello\r\n$/);
    const [, id] = /RESERVED (\d+)/.exec(peer.text) ?? [];
    peer.socket.send("del", { fin: false });
    expect(await peer.ask(`ete ${id}\r\n`)).toBe("DELETED\r\n");
    peer.socket.terminate();
  });

  test("a body of all bytes comes back as it was", async () => {
    const peer = await Peer.open(url);
    const body = Buffer.from(Array.from({ length: 60_000 }, (_, at) => at % 256));
    const head = Buffer.from(`put 0 0 60 ${body.length}\r\n`);
    await peer.ask("use bytes\r\n");
    await peer.ask("watch bytes\r\n");
    await peer.ask(Buffer.concat([head, body, Buffer.from("\r\n")]));
    const reserved = await peer.ask("reserve\r\n", `${body.subarray(-4).toString("latin1")}\r\n`);
    expect(reserved.endsWith(`${body.toString("latin1")}\r\n`)).toBe(true);
    peer.socket.terminate();
  });

  test("a Ping is answered, while a reserve waits as well", async () => {
    const peer = await Peer.open(url);
    peer.socket.send("watch nothing\r\nignore default\r\nreserve\r\n");
    let pong = "";
    peer.socket.on("pong", (data) => (pong = data.toString()));
    peer.socket.ping("are you there?");
    await until("a Pong comes", () => pong === "are you there?");
    peer.socket.terminate();
  });

  test("quit closes with 1000, and so does a Close, with the code that it brought", async () => {
    const quitter = await Peer.open(url);
    quitter.socket.send("quit\r\n");
    expect(await quitter.ends()).toBe("1000");
    const closer = await Peer.open(url);
    closer.socket.close(4711, "enough");
    expect(await closer.ends()).toBe("4711");
  });

  test("what was asked before a Close is answered before it is", async () => {
    const peer = await Peer.open(url);
    for (let count = 0; count < 100; count++) peer.socket.send("list-tube-used\r\n");
    peer.socket.send("watch nothing\r\nignore default\r\nreserve\r\n");
    peer.socket.close(1000);
    expect(await peer.ends()).toBe("1000");
    expect(peer.text.match(/USING default/g)).toHaveLength(100);
    expect(peer.text).toMatch(/WATCHING 1\r\nTIMED_OUT\r\n$/);
  });

  test("jobs of a peer that vanishes, or breaks the rules, are ready for others", async () => {
    const rude = await Peer.open(url);
    await rude.ask("use rude\r\nwatch rude\r\nput 0 0 60 1\r\nx\r\nreserve\r\n", "x\r\n");
    const other = await Peer.open(url);
    const waits = other.ask("watch rude\r\nreserve-with-timeout 30\r\n", "x\r\n");
    rawOf(rude.socket).write(Buffer.from([0xff, 0x80, 0, 0, 0, 0]));
    expect(await waits).toMatch(/RESERVED \d+ 1\r\nx\r\n$/);
    expect(await rude.ends()).toMatch(/^1002 a reserved bit is set$/);
    const third = await Peer.open(url);
    const waitsToo = third.ask("watch rude\r\nreserve-with-timeout 30\r\n", "x\r\n");
    other.socket.terminate();
    expect(await waitsToo).toMatch(/RESERVED \d+ 1\r\nx\r\n$/);
    third.socket.terminate();
  });

  test("pages that were named are let in, others are not", async () => {
    const named = new Peer(url, { origin: ORIGIN });
    await until("it is open", () => named.socket.readyState === WebSocket.OPEN);
    named.socket.terminate();
    const other = new Peer(url, { origin: "http://evil.example" });
    expect(await other.ends()).toBe("Unexpected server response: 403");
  });

  test("a hundred strangers who say nothing or nonsense harm nobody", async () => {
    const { address } = server;
    const strangers = Array.from({ length: 100 }, (_, index) => {
      const socket = connect({ ...address, noDelay: true });
      socket.on("error", () => socket.destroy());
      if (index % 2 === 0) socket.write(Buffer.alloc(index * 500, "\x16\x03\x01"));
      else socket.write(upgradeRequest() + "\xff".repeat(index));
      return socket;
    });
    const peer = await Peer.open(url);
    expect(await peer.ask("list-tube-used\r\n")).toBe("USING default\r\n");
    for (const stranger of strangers) stranger.destroy();
    peer.socket.terminate();
  });

  test("a peer that does not read is not read from, and loses nothing", async () => {
    await expectHeldBack(() => Peer.open(url));
  });

  test("when it stops it says so, to all", async () => {
    const peers = await Promise.all([1, 2, 3, 4].map(() => Peer.open(url)));
    server.signal("SIGTERM");
    expect(await Promise.all(peers.map((peer) => peer.ends()))).toEqual(
      peers.map(() => "1001 the server stops"),
    );
    await server.exited;
  });
});
