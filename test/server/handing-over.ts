/* Handing over: a server on any runtime, whose sockets somebody else has opened, as systemd does.
 * Called by handed-sockets.test.ts with Node, by handed-sockets.long.test.ts with the others.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import type { NetConnectOpts, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectSecurely } from "node:tls";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { askAt } from "../http/http-port.ts";
import { COMMAND } from "../support/command.ts";
import { RUNTIMES } from "../support/runtimes.ts";
import type { RuntimeName } from "../support/runtimes.ts";
import type { Trust } from "../support/secure-server.ts";
import { until } from "../support/until.ts";
import { Peer } from "../websocket/peer.ts";

/** Opens sockets and hands them over. */
export const PARENT = fileURLToPath(new URL("socket-parent.ts", import.meta.url));

/** What the server answers there to who says that, in one line. */
function answer(there: NetConnectOpts, words: string): Promise<string> {
  return answered(connect(there), words);
}

async function answered(socket: Socket, words: string): Promise<string> {
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  socket.on("error", (error) => (text = `${error.message}\r\n`));
  socket.write(words);
  await until("it answers", () => text.endsWith("\r\n"));
  return text.trimEnd();
}

/** Has a server on that runtime be handed sockets; the certificate is for those that speak TLS. */
export async function handOver(name: RuntimeName, { authority, issued }: Trust): Promise<void> {
  const hasHttp = name !== "bun";
  const directory = mkdtempSync(join(tmpdir(), "homemaker-handed-"));
  const path = join(directory, "socket");
  const orders = {
    where: [0, 0, 0, path, ...(hasHttp ? [0] : [])],
    names: `beanstalk:ws:tls:homemaker.socket${hasHttp ? ":http" : ""}`,
    times: 2,
  };
  const files = ["--tls-cert", issued.certPath, "--tls-key", issued.keyPath];
  const server = [...RUNTIMES[name], COMMAND, "--threads", "2", ...files];
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
  await until("it listens at all", () => lines() === 4);
  const [tcp, ws, secure, http] = [...said.text.matchAll(/^at (\d+)$/gm)].map(([, port]) =>
    Number(port),
  );
  const { text } = said;
  if (hasHttp) expect(text).toContain(`dashboard on http://127.0.0.1:${http}\n`);
  expect(text).toContain(`listening on 127.0.0.1:${tcp} (2 threads`);
  expect(text).toContain(`listening on ws://127.0.0.1:${ws} (2 threads`);
  expect(text).toContain(`listening on unix:${path} (2 threads`);
  for (const there of [{ host: "127.0.0.1", port: tcp ?? 0 }, { path }]) {
    expect(await answer(there, "list-tube-used\r\n")).toBe("USING default");
  }
  const inside = connectSecurely({ host: "127.0.0.1", port: secure, ca: authority.cert });
  expect(await answered(inside, "list-tube-used\r\n")).toBe("USING default");
  const peer = await Peer.open(`ws://127.0.0.1:${ws}`);
  expect(await peer.ask("list-tube-used\r\n")).toBe("USING default\r\n");
  peer.socket.terminate();
  if (hasHttp) expect((await askAt(http ?? 0, "/readyz")).text).toBe("ready\n");

  process.kill(pids()[0] ?? 0, "SIGTERM");
  await until("another one starts", () => pids().length === 2);
  const late = [{ host: "127.0.0.1", port: tcp ?? 0 }, { path }].map((there) =>
    answer(there, "list-tube-used\r\n"),
  );
  await until("it listens as well", () => lines() === 8);
  expect(await Promise.all(late)).toEqual(["USING default", "USING default"]);
  process.kill(pids()[1] ?? 0, "SIGTERM");
  await until("all is over", () => parent.exitCode === 0);
}
