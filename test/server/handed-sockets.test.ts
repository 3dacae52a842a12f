/*
 * A server whose sockets somebody else has opened, as systemd does; on other runtimes than Node it
 * is handed-sockets.long.test.ts.
 *
 * @module-tag openssl
 */
import { closeSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import { handedSockets } from "../../src/config/handed-sockets.ts";
import { whereListens } from "../../src/transports/handed-socket.ts";
import { Trust } from "../support/secure-server.ts";
import { handOver } from "./handing-over.ts";

const trust = Trust.ofFile();

test("a server serves the sockets that it is handed, each as it is called, and leaves them open", async () => {
  await expect(handOver("node", trust)).resolves.toBeUndefined();
});

test("what is handed over and is no socket that listens is told", async () => {
  const file = openSync(import.meta.filename, "r");
  await expect(whereListens(file)).rejects.toThrow(
    `file ${file}, which was handed over, is no socket that listens for streams`,
  );
  closeSync(file);
  await expect(whereListens(9999)).rejects.toMatchObject({ code: "HM_BIND" });
});

test.each([
  ["another process's", { LISTEN_PID: "2", LISTEN_FDS: "1" }, []],
  ["no variables", {}, []],
  ["none", { LISTEN_PID: "1", LISTEN_FDS: "0" }, []],
  ["without names", { LISTEN_PID: "1", LISTEN_FDS: "2" }, ["beanstalk", "beanstalk"]],
  [
    "with names",
    { LISTEN_PID: "1", LISTEN_FDS: "3", LISTEN_FDNAMES: "tls:q.socket:http" },
    ["tls", "beanstalk", "http"],
  ],
])("which sockets are whose: %s", (_, env, spoken) => {
  const sockets = handedSockets(env, 1);
  expect(sockets.map(({ speaks }) => speaks)).toEqual(spoken);
  expect(sockets.map(({ fd }) => fd)).toEqual(spoken.map((_one, index) => 3 + index));
});

test.each([
  [{ LISTEN_FDS: "x" }, 'LISTEN_FDS: expected a number, 0 to 1000, not "x"'],
  [{ LISTEN_FDS: "1001" }, 'LISTEN_FDS: expected a number, 0 to 1000, not "1001"'],
  [
    { LISTEN_FDS: "1", LISTEN_FDNAMES: "htpp" },
    'LISTEN_FDNAMES: expected beanstalk, tls, ws, wss or http as FileDescriptorName, not "htpp"',
  ],
  [
    { LISTEN_FDS: "2", LISTEN_FDNAMES: "http:http" },
    "LISTEN_FDNAMES: only one socket can be called http",
  ],
])("wrong variables are told: %j", (env, message) => {
  expect(() => handedSockets({ LISTEN_PID: "1", ...env }, 1)).toThrow(message);
});
