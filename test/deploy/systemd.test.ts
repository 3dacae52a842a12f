/* The units of systemd in deploy/: systemd understands them, and the server that they start serves
 * the socket that it is given, from the first connection on.
 *
 * There is no systemd that runs here. Its own program stands in for it, which opens the socket that
 * the unit names and starts the unit's command for the first connection.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readPage, section } from "../docs/page.ts";
import { COMMAND } from "../support/command.ts";
import { program } from "../support/programs.ts";
import { until } from "../support/until.ts";
import { optionsOf, text } from "./deployed.ts";

const SERVICE = text("systemd/homemaker.service");
const SOCKET = text("systemd/homemaker.socket");
const [installed = "", ...words] = setting(SERVICE, "ExecStart").split(" ");

/** The last value of that setting of a unit. */
function setting(unit: string, name: string): string {
  return [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].at(-1)?.[1] ?? "";
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "homemaker-units-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** The exit code of systemd-analyze, and what it complains about. */
function analyze(...args: string[]): readonly [number | null, string] {
  const { status, stderr } = spawnSync(program("systemd-analyze"), args, { encoding: "utf8" });
  return [status, stderr];
}

test("the service starts the server with options that there are, in a directory of its own", () => {
  const state = setting(SERVICE, "StateDirectory");
  const given = words.map((word) => word.replace("${STATE_DIRECTORY}", `/var/lib/${state}`));
  expect(optionsOf(given).dataDirectory).toBe("/var/lib/homemaker");
  expect(installed).toMatch(/\/homemaker$/);
});

test("the socket is where the server listens that nobody tells where", () => {
  const [address] = optionsOf([]).listen;
  expect(address).toMatchObject({ host: "127.0.0.1", port: 11_300 });
  expect(setting(SOCKET, "ListenStream")).toBe("127.0.0.1:11300");
});

test(
  "the units are what systemd understands, and as closed as docs/deployment.md says",
  { tags: ["systemd-analyze"] },
  () => {
    const units = folder();
    const service = join(units, "homemaker.service");
    const socket = join(units, "homemaker.socket");
    writeFileSync(service, SERVICE.replace(`=${installed} `, "=/bin/true "));
    writeFileSync(socket, SOCKET);
    const verify = ["verify", "--recursive-errors=no"];
    expect(analyze(...verify, socket, service)).toEqual([0, ""]);
    writeFileSync(socket, SOCKET.replace("ListenStream=", "ListenSteam="));
    expect(analyze(...verify, socket, service)[1]).toContain("ListenSteam");
    const page = section(readPage("docs/deployment.md"), "systemd");
    const exposure = Number(/exposure level of (\d+\.\d)/.exec(page)?.[1]);
    const limit = `--threshold=${exposure * 10}`;
    expect(analyze("security", "--offline=yes", "--no-pager", limit, service)[0]).toBe(0);
    expect(analyze("security", "--offline=yes", "--threshold=1", service)[0]).not.toBe(0);
  },
);

test(
  "the first connection to the socket starts the server, which answers it",
  { tags: ["systemd-socket-activate"] },
  async () => {
    const port = await freePort();
    const command = [process.execPath, COMMAND, ...withoutHttp(words, folder())];
    const name = setting(SOCKET, "FileDescriptorName");
    const manager = spawn(
      program("systemd-socket-activate"),
      [`--listen=127.0.0.1:${port}`, `--fdname=${name}`, ...command],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    onTestFinished(() => void manager.kill("SIGKILL"));
    let said = "";
    for (const stream of [manager.stdout, manager.stderr]) {
      stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    }
    await until(
      "the socket is open",
      () => said.includes("Listening on"),
      () => said,
    );
    expect(said).not.toContain("homemaker");
    const client = connect(port, "127.0.0.1");
    onTestFinished(() => void client.destroy());
    client.write("put 0 0 60 5\r\nhello\r\n");
    const [reply] = (await once(client, "data")) as [Buffer];
    expect(String(reply)).toBe("INSERTED 1\r\n");
    await until("it says so", () => said.includes(`listening on 127.0.0.1:${port} (`));
    // The server is what systemd-socket-activate has become.
    manager.kill("SIGTERM");
    const [code] = (await once(manager, "exit")) as [number];
    expect([code, said]).toEqual([0, expect.not.stringContaining('"error"')]);
  },
);

/** A port that is free now. systemd-socket-activate takes none by itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** The words of the unit, in that directory, and on no HTTP port, which somebody else may have. */
function withoutHttp(given: readonly string[], directory: string): readonly string[] {
  const at = given.indexOf("--http-port");
  return given
    .toSpliced(at, 2)
    .map((word) => word.replace("${STATE_DIRECTORY}", join(directory, "jobs")));
}
