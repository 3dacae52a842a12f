/*
 * A server with --tokens as a process: every thread and every kind of address knows the tokens, and
 * hears when they change.
 *
 * @module-tag openssl
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { ServerView } from "../../src/cli/shell/server-view.ts";
import { connect } from "../../src/entries/client.ts";
import { createWorker, defineJob, openQueue, unchecked } from "../../src/entries/queue.ts";
import { startHomemaker } from "../support/homemaker.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { portOf } from "../support/secure-server.ts";
import { lineFor } from "../support/token-book.ts";
import { until } from "../support/until.ts";

const SHOP = "hm_shop-0123456789";
const ADMIN = "hm_admin-0123456789";
const WORKER = "hm_worker-0123456789";
const directory = mkdtempSync(join(tmpdir(), "tokens-"));
const file = join(directory, "tokens");
let server: ServerProcess;
let tcp = "";
let web = "";

/** The file is another one. */
function write(...lines: readonly string[]): void {
  writeFileSync(`${file}.new`, lines.join("\n"));
  renameSync(`${file}.new`, file);
}

beforeAll(async () => {
  write(lineFor(SHOP, "put:mail.*"), lineFor(ADMIN, "all:*"), lineFor(WORKER, "reserve:mail.*"));
  const flags = ["-l", "ws://127.0.0.1:0", "--tokens", file, "-VV"];
  server = await startHomemaker({ threads: 2, flags });
  if (!("port" in server.address)) throw new Error("it listens elsewhere");
  tcp = `127.0.0.1:${server.address.port}`;
  web = `ws://127.0.0.1:${await portOf(server, "ws")}`;
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

test.each(["tcp", "ws"])(
  "a client by %s may what its token says, in every thread",
  async (kind) => {
    const address = kind === "tcp" ? tcp : web;
    for (let count = 0; count < 6; count++) {
      await using shop = await connect(address, { token: SHOP });
      await shop.use("mail.a");
      expect((await shop.put("x")).isNew).toBe(true);
      await expect(shop.use("other")).rejects.toMatchObject({ code: "HM_DENIED" });
      await expect(shop.reserveWithTimeout(0)).rejects.toMatchObject({ code: "HM_DENIED" });
      await using nobody = await connect(address);
      await expect(nobody.put("x")).rejects.toMatchObject({ code: "HM_DENIED" });
    }
    await expect(connect(address, { token: "hm_wrong" })).rejects.toMatchObject({
      code: "HM_DENIED",
    });
  },
);

test("a WebSocket may bring its token with the handshake", async () => {
  const socket = new WebSocket(web, { headers: { Authorization: `Bearer ${SHOP}` } });
  let said = "";
  socket.on("message", (bytes: Buffer) => (said += bytes.toString("latin1")));
  socket.on("open", () => socket.send("use mail.a\r\nuse other\r\n"));
  await until("it has answered", () => said === "USING mail.a\r\nDENIED\r\n");
  socket.terminate();
  const wrong = new WebSocket(web, { headers: { Authorization: "Bearer hm_wrong" } });
  let why = "";
  wrong.on("error", (error) => (why = error.message));
  await until("it is refused", () => why.includes("401"));
});

test("a queue shows the token in its URL, and another one than its option says", async () => {
  const queue = await openQueue(`homemaker://${SHOP}@${tcp}`, { token: "hm_wrong" });
  await queue.close();
  const refused = openQueue(`homemaker://${tcp}`, { token: "hm_wrong" });
  await expect(refused).rejects.toMatchObject({ code: "HM_DENIED" });
});

test("a worker of the library works with the right to reserve alone", async () => {
  const double = defineJob("mail.double", {
    payload: unchecked<number>(),
    result: unchecked<number>(),
  });
  await using producer = await openQueue(`homemaker://${tcp}`, { token: SHOP });
  await using queue = await openQueue(`homemaker://${tcp}`, { token: WORKER });
  await using worker = createWorker(queue, {
    handlers: [double.handler((number) => 2 * number)],
    schedules: false, // which are kept in a tube of their own
  });
  const running = worker.run();
  expect(await producer.call(double, 21)).toBe(42);
  await worker.stop();
  await running;
});

test("the shell's commands show the token of the environment, and say what a wrong one is", async () => {
  const [host = "", port = ""] = tcp.split(":");
  const address = { kind: "tcp", host, port: Number(port) } as const;
  const view = await ServerView.open([address], SHOP);
  expect((await view.ask("use mail.a")).word).toBe("USING");
  await expect(view.expect("USING", "use other")).rejects.toThrow("HOMEMAKER_TOKEN does not let");
  view.close();
  await expect(ServerView.open([address], "hm_wrong")).rejects.toThrow(
    /^the server does not take the token in HOMEMAKER_TOKEN$/,
  );
  await expect(ServerView.open([address], "two words")).rejects.toThrow(/^HOMEMAKER_TOKEN: /);
});

test("new tokens count in every thread, and a connection whose token is gone is closed", async () => {
  await using admin = await connect(tcp, { token: ADMIN });
  const clients = await Promise.all(
    Array.from({ length: 6 }, () => connect(tcp, { token: SHOP, onError: () => undefined })),
  );
  write(lineFor(ADMIN, "all:*"));
  server.signal("SIGHUP");
  await until("all are gone", async () => (await admin.stats())["current-connections"] === 1);
  for (const client of clients) {
    await expect(client.put("x")).rejects.toMatchObject({ code: "HM_DENIED" });
    await client.close();
  }
  write("nonsense");
  server.signal("SIGHUP");
  await until("it is told of", () => server.output.includes("the tokens stay as they were"));
  await using again = await connect(tcp, { token: ADMIN });
  expect(again.isConnected).toBe(true);
});

test("no token stands in what the server has said, not even with -VV", () => {
  expect(server.output).toContain("auth ***");
  for (const secret of [SHOP, ADMIN, "hm_wrong"]) {
    expect(server.output).not.toContain(secret);
    expect(server.output).not.toContain(lineFor(secret).split(":")[1] ?? "?");
  }
});
