/* A client's connection over sockets, to Homemaker and to the real beanstalkd. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientConnection } from "../../src/client/connection.ts";
import { connectTo } from "../../src/transports/socket-wire.ts";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { startHomemaker } from "../support/homemaker.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { startOnUnixSocket } from "../dialogues/targets/homemaker.ts";

async function connectToServer(server: ServerProcess): Promise<ClientConnection> {
  // beanstalkd says where it listens a moment before it does; this waits until it does.
  (await server.connect()).destroy();
  const { address } = server;
  return connectTo(
    "path" in address ? { kind: "unix", path: address.path } : { kind: "tcp", ...address },
  );
}

const BYTES = Uint8Array.from({ length: 60_000 }, (_, index) => index % 256);

describe.each([
  ["Homemaker", () => startHomemaker()],
  ["Homemaker on a Unix socket", (path: string) => startOnUnixSocket(path)],
  ["beanstalkd", () => startBeanstalkd()],
  ["beanstalkd on a Unix socket", (path: string) => startBeanstalkd({ path })],
] as const)("against %s", (_, start) => {
  let directory = "";
  let server: ServerProcess;
  let client: ClientConnection;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "homemaker-client-"));
    server = await start(join(directory, "socket"));
    client = await connectToServer(server);
  });

  afterAll(async () => {
    client.close();
    await server.stop();
    await rm(directory, { recursive: true });
  });

  const line = async (command: string, body?: Uint8Array): Promise<string> =>
    (await client.ask(command, body)).line;

  test("a job goes in and comes out as it was", async () => {
    expect(await line("use a")).toBe("USING a");
    expect(await line("watch a")).toBe("WATCHING 2");
    const { word, args } = await client.ask(`put 5 0 60 ${BYTES.length}`, BYTES);
    expect(word).toBe("INSERTED");
    const reserved = await client.ask("reserve-with-timeout 0");
    expect(reserved.line).toBe(`RESERVED ${args[0]} ${BYTES.length}`);
    expect(Buffer.compare(reserved.body, BYTES)).toBe(0);
    expect(await line(`bury ${args[0]} 5`)).toBe("BURIED");
    expect(await line("kick 10")).toBe("KICKED 1");
    expect(await line(`delete ${args[0]}`)).toBe("DELETED");
    expect(await line(`delete ${args[0]}`)).toBe("NOT_FOUND");
    expect(await line("reserve-with-timeout 0")).toBe("TIMED_OUT");
    expect(await line("no-such-command")).toBe("UNKNOWN_COMMAND");
  });

  test("statistics and lists come as the text that they are", async () => {
    const { form, body } = await client.ask("list-tubes-watched");
    expect(form).toBe("OK <bytes>");
    expect(Buffer.from(body).toString()).toMatch(/^---\n(- \w+\n)+$/);
    expect(Buffer.from((await client.ask("stats")).body).toString()).toContain("\ncmd-put: ");
  });

  test("ten thousand commands are under way at once, bodies among them", async () => {
    const body = BYTES.subarray(0, 1000);
    const puts = Array.from({ length: 5000 }, () => client.ask("put 0 0 60 1000", body));
    const asked = puts.map(async (put, index) => {
      const peeked = await client.ask(`peek ${(await put).args[0]}`);
      return index % 2 === 0 ? peeked : client.ask(`delete ${peeked.args[0]}`);
    });
    for (const [index, reply] of (await Promise.all(asked)).entries()) {
      expect(reply.word).toBe(index % 2 === 0 ? "FOUND" : "DELETED");
      if (index % 2 === 0) expect(Buffer.compare(reply.body, body)).toBe(0);
    }
  });

  test("a reserve that waits when the server is killed is lost", async () => {
    await client.ask("watch empty");
    await client.ask("ignore a");
    await client.ask("ignore default");
    const [waiting] = await Promise.allSettled([client.ask("reserve"), server.stop()]);
    expect(waiting).toMatchObject({ reason: { code: "HM_LOST", command: "reserve" } });
    await expect(client.ask("stats")).rejects.toMatchObject({ code: "HM_NOT_SENT" });
  });
});

test("nobody listens: there is no connection", async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => void closed.listen(0, "127.0.0.1", resolve));
  const address = closed.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  await new Promise((resolve) => closed.close(resolve));
  await expect(
    connectTo({ kind: "tcp", host: "127.0.0.1", port: address.port }),
  ).rejects.toMatchObject({
    code: "HM_UNREACHABLE",
    message: expect.stringContaining("ECONNREFUSED"),
  });
});

test("a server that speaks something else is told by its first line", async () => {
  const http = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await new Promise<void>((resolve) => void http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  try {
    const client = await connectTo({ kind: "tcp", host: "127.0.0.1", port: address.port });
    const [first, second] = await Promise.allSettled([client.ask("stats"), client.ask("stats")]);
    expect([first, second]).toMatchObject([
      { reason: { code: "HM_BAD_REPLY" } },
      { reason: { code: "HM_LOST" } },
    ]);
  } finally {
    http.close();
  }
});
