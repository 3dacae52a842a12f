/*
 * A table that is closed while its database, which has taken the connection, says nothing.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { expect, test } from "vitest";
import { PostgresOutbox } from "../../src/storage/postgres-outbox.ts";

const PATIENT = 30_000;

test("a connection that is being made is cut when the table is closed", async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const table = new PostgresOutbox(`postgres://app@127.0.0.1:${port}/shop`, "none", PATIENT);
  const connected = once(silent, "connection");
  const refused = table.reconnect().catch((error: unknown) => error);
  await connected;
  const began = performance.now();
  await table.close();
  expect(await refused).toMatchObject({ code: "HM_REMOTE_UNREACHABLE" });
  expect(performance.now() - began).toBeLessThan(4000); // an attempt ends by itself after 5 s
  for (const socket of sockets) socket.destroy();
  silent.close();
});
