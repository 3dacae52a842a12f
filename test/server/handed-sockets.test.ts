/* A server whose sockets somebody else has opened, as systemd does. */
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { connect } from "node:net";
import type { NetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { handedSockets } from "../../src/config/handed-sockets.ts";
import { whereListens } from "../../src/transports/handed-socket.ts";
import { askAt } from "../http/http-port.ts";
import { until } from "../support/until.ts";
import { Peer } from "../websocket/peer.ts";

const CLI = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const PARENT = fileURLToPath(new URL("socket-parent.ts", import.meta.url));

/** What the server answers there to who says that, in one line. */
async function answer(there: NetConnectOpts, words: string): Promise<string> {
  const socket = connect(there);
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  socket.on("error", (error) => (text = `${error.message}\r\n`));
  socket.write(words);
  await until("it answers", () => text.endsWith("\r\n"));
  return text.trimEnd();
}

test("a server serves the sockets that it is handed, each as it is called, and leaves them open", async () => {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-handed-"));
  const path = join(directory, "socket");
  const orders = {
    where: [0, 0, 0, path],
    names: "beanstalk:ws:http:homemaker.socket",
    times: 2,
  };
  const server = [process.execPath, CLI, "--threads", "2"];
  const parent = spawn(process.execPath, [PARENT, JSON.stringify(orders), ...server]);
  const said = { text: "" };
  for (const stream of [parent.stdout, parent.stderr]) {
    stream.on("data", (chunk: Buffer) => (said.text += chunk.toString()));
  }
  const pids = (): readonly number[] =>
    [...said.text.matchAll(/^pid (\d+)$/gm)].map(([, pid]) => Number(pid));
  onTestFinished(() => {
    parent.kill("SIGKILL");
    const last = pids().at(-1);
    if (last !== undefined && parent.exitCode === null) process.kill(last, "SIGKILL");
    rmSync(directory, { recursive: true });
  });

  const lines = (): number => said.text.split(" listening on ").length - 1;
  await until("it listens at all", () => lines() === 3);
  const [tcp, ws, http] = [...said.text.matchAll(/^at (\d+)$/gm)].map(([, port]) => Number(port));
  const { text } = said;
  expect(text).toContain(`dashboard on http://127.0.0.1:${http}\n`);
  expect(text).toContain(`listening on 127.0.0.1:${tcp} (2 threads`);
  expect(text).toContain(`listening on ws://127.0.0.1:${ws} (2 threads`);
  expect(text).toContain(`listening on unix:${path} (2 threads`);
  for (const there of [{ host: "127.0.0.1", port: tcp ?? 0 }, { path }]) {
    expect(await answer(there, "list-tube-used\r\n")).toBe("USING default");
  }
  const peer = await Peer.open(`ws://127.0.0.1:${ws}`);
  expect(await peer.ask("list-tube-used\r\n")).toBe("USING default\r\n");
  peer.socket.terminate();
  expect((await askAt(http ?? 0, "/readyz")).text).toBe("ready\n");

  process.kill(pids()[0] ?? 0, "SIGTERM");
  await until("another one starts", () => pids().length === 2);
  const late = [{ host: "127.0.0.1", port: tcp ?? 0 }, { path }].map((there) =>
    answer(there, "list-tube-used\r\n"),
  );
  await until("it listens as well", () => lines() === 6);
  expect(await Promise.all(late)).toEqual(["USING default", "USING default"]);
  process.kill(pids()[1] ?? 0, "SIGTERM");
  await until("all is over", () => parent.exitCode === 0);
});

test("what is handed over and is no socket that listens is told", async () => {
  const file = openSync(PARENT, "r");
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
