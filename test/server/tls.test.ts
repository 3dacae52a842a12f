/*
 * TLS addresses: the protocol inside, certificates that are renewed, certificates of clients, and
 * strangers who do not finish their handshake.
 *
 * @module-tag openssl
 */
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { Authority } from "../support/certificates.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { portOf, SecureServer, Trust } from "../support/secure-server.ts";
import { until } from "../support/until.ts";

const trust = Trust.ofFile();
const { authority, directory, issued } = trust;

/** What the server says to it, until that many bytes have come. */
async function asked(socket: Socket, words: string, replyBytes: number): Promise<string> {
  let reply = "";
  socket.on("data", (bytes: Buffer) => (reply += bytes.toString("latin1")));
  socket.write(words);
  await until("it has answered", () => reply.length >= replyBytes);
  return reply;
}

test("a body of any size goes in and comes out again, in whatever pieces", async () => {
  const server = await SecureServer.start(trust, ["-z", "4MiB"]);
  const socket = await server.connect();
  const body = "x".repeat(3_000_000);
  const inserted = "INSERTED 1\r\n";
  expect(await asked(socket, `put 0 0 60 ${body.length}\r\n${body}\r\n`, 1)).toBe(inserted);
  const reserved = `RESERVED 1 ${body.length}\r\n${body}\r\n`;
  const worker = await server.connect();
  expect(await asked(worker, "reserve\r\n", reserved.length)).toBe(reserved);
});

test("many commands in one write are answered in order, and a half-close keeps the replies", async () => {
  const server = await SecureServer.start(trust);
  const socket = await server.connect();
  const words = Array.from({ length: 500 }, (_, index) => `use tube-${index}\r\n`);
  const replies = words.map((line) => line.replace("use", "USING")).join("");
  const reply = asked(socket, words.join(""), replies.length);
  socket.end();
  expect(await reply).toBe(replies);
});

test("WebSockets come by TLS, too", async () => {
  const { process } = await SecureServer.start(trust, ["-l", "wss://127.0.0.1:0"]);
  const socket = new WebSocket(`wss://127.0.0.1:${await portOf(process, "wss")}`, {
    ca: authority.cert,
  });
  onTestFinished(() => socket.terminate());
  let reply = "";
  socket.on("message", (bytes: Buffer) => (reply += bytes.toString("latin1")));
  socket.on("open", () => socket.send("use a\r\n"));
  await until("it has answered", () => reply === "USING a\r\n");
});

test("what is no TLS is closed, and harms nobody", async () => {
  const server = await SecureServer.start(trust);
  const stranger = await server.stranger();
  stranger.socket.write("stats\r\n");
  await until("it is closed", () => stranger.isClosed);
  expect(await asked(await server.connect(), "use a\r\n", 1)).toBe("USING a\r\n");
});

test("strangers who say nothing take the room of connections, and give it back", async () => {
  const server = await SecureServer.start(trust, ["--max-connections", "2"]);
  const strangers: Awaited<ReturnType<SecureServer["stranger"]>>[] = [];
  for (let count = 0; count < 3; count++) strangers.push(await server.stranger());
  await until("one of them is closed", () => strangers.some(({ isClosed }) => isClosed));
  for (const { socket } of strangers) socket.destroy();
  await until("there is room", () =>
    server.connect().then(
      async (socket) => (await asked(socket, "use a\r\n", 1)) === "USING a\r\n",
      () => false,
    ),
  );
});

test("a certificate is renewed without a restart, and who is connected stays", async () => {
  const server = await SecureServer.start(trust);
  const early = await server.connect();
  expect(await server.name()).toBe("first");
  server.replace(authority.issue("second"));
  await until("every thread shows it", async () => {
    const names = await Promise.all(Array.from({ length: 8 }, () => server.name()));
    return names.every((name) => name === "second");
  });
  expect(await asked(early, "use a\r\n", 1)).toBe("USING a\r\n");
});

test("a renewed certificate that is of no use is told of, and the former one goes on", async () => {
  const server = await SecureServer.start(trust);
  server.replace({ cert: "no certificate", key: issued.key });
  await until("it is told of", () =>
    server.process.output.includes("TLS goes on with what it has"),
  );
  expect(await server.name()).toBe("first");
});

test("files that cannot be looked at any more are told of, and the former ones go on", async () => {
  const server = await SecureServer.start(trust);
  rmSync(server.certPath);
  symlinkSync(server.certPath, server.certPath); // round and round
  await until("it is told of", () =>
    server.process.output.includes("TLS goes on with what it has"),
  );
  expect(await server.name()).toBe("first");
});

test("with --tls-client-ca only clients come in that its authority vouches for", async () => {
  const server = await SecureServer.start(trust, ["--tls-client-ca", authority.path]);
  const { cert, key } = authority.issue("a client");
  const known = await server.connect({ cert, key });
  expect(await asked(known, "use a\r\n", 1)).toBe("USING a\r\n");
  const foreign = new Authority(directory, "another authority").issue("a stranger");
  for (const shown of [{}, { cert: foreign.cert, key: foreign.key }]) {
    // A client may believe that it is in until it reads.
    const socket = await server.connect(shown).catch(() => undefined);
    await until("it is out", () => socket === undefined || socket.destroyed);
  }
});

test("a certificate that cannot be used is one line, and no start", async () => {
  const files = (cert: string, key: string): string[] => ["--tls-cert", cert, "--tls-key", key];
  const start = (flags: readonly string[]): Promise<unknown> =>
    startHomemaker({ flags: ["-l", "tls://127.0.0.1:0", ...flags] });
  const missing = join(directory, "missing.pem");
  const other = authority.issue("other");
  await expect(start(files(missing, issued.keyPath))).rejects.toThrow(
    /cannot listen on tls:\/\/127\.0\.0\.1:\d+: --tls-cert .*missing\.pem cannot be read: .+/,
  );
  await expect(start(files(issued.certPath, other.keyPath))).rejects.toThrow(/cannot be used: .+/);
  await expect(start([])).rejects.toThrow("a tls:// address needs --tls-cert and --tls-key");
});
