/* Who may connect by a Unix socket: its mode and its group. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { DEFAULT_OPTIONS } from "../../src/config/options.ts";
import { tlsOptionsOf } from "../../src/config/tls-options.ts";
import { webSocketOptionsOf } from "../../src/config/web-socket-options.ts";
import type { Listener, SocketFileAccess } from "../../src/runtime.ts";
import { UNIX_TRANSPORT } from "../../src/transports/unix.ts";
import { CLOSED_DOOR } from "../http/closed-door.ts";
import { until } from "../support/until.ts";

/** What is called when the socket is about to get its mode. */
const watched = vi.hoisted(() => ({ before: (): void => undefined }));
vi.mock(import("node:fs"), async (original) => {
  const fs = await original();
  const chmodSync: typeof fs.chmodSync = (path, mode) => {
    watched.before();
    fs.chmodSync(path, mode);
  };
  return { ...fs, chmodSync };
});

const directory = mkdtempSync(join(tmpdir(), "homemaker-mode-"));
afterAll(() => rmSync(directory, { recursive: true }));
const path = join(directory, "socket");

async function listen(access: Partial<SocketFileAccess>, at = path): Promise<Listener> {
  const manner = {
    shared: false,
    onlyIpv6: false,
    webSocket: webSocketOptionsOf(DEFAULT_OPTIONS),
    tls: tlsOptionsOf(DEFAULT_OPTIONS),
    file: { mode: undefined, groupId: undefined, ...access },
  };
  const listener = await UNIX_TRANSPORT.listen(
    { kind: "unix", path: at },
    manner,
    CLOSED_DOOR,
    true,
  );
  onTestFinished(() => listener.stopAccepting());
  return listener;
}

/** Its permissions, in octal digits. */
function modeNow(): string {
  return (statSync(path).mode & 0o777).toString(8);
}

test.each([0o660, 0o600, 0o777, 0o220])(
  "a socket has the mode %o, whatever the umask",
  async (mode) => {
    const umask = process.umask(0o027);
    onTestFinished(() => void process.umask(umask));
    await listen({ mode });
    expect(modeNow()).toBe(mode.toString(8));
    expect(readdirSync(directory)).toEqual(["socket"]);
    const socket = connect({ path });
    let isClosed = false;
    socket.on("close", () => (isClosed = true)).on("error", () => undefined);
    await until("the closed door is met there", () => isClosed);
  },
);

test.each([{}, { mode: 0o600 }])(
  "it may have the longest name that a socket can have: %j",
  async (access) => {
    const room = 107 - Buffer.byteLength(`${directory}/`);
    const at = join(directory, "x".repeat(room % 2) + "ü".repeat(Math.floor(room / 2)));
    await listen(access, at);
    expect(readdirSync(directory)).toEqual([basename(at)]);
  },
);

test("a link that is put in the place of its directory leads nowhere", async () => {
  const victim = mkdtempSync(join(tmpdir(), "homemaker-victim-"));
  const aside = mkdtempSync(join(tmpdir(), "homemaker-aside-"));
  const files: string[] = [];
  watched.before = () => {
    const all = readdirSync(directory, { withFileTypes: true });
    const guarded = all.find((one) => one.isDirectory())?.name;
    if (guarded === undefined) return; // the mode of another file
    const file = join(victim, guarded.slice(-6));
    writeFileSync(file, "secret", { mode: 0o600 });
    files.push(file);
    renameSync(join(directory, guarded), join(aside, "guarded"));
    symlinkSync(victim, join(directory, guarded));
  };
  onTestFinished(() => {
    watched.before = () => undefined;
    for (const one of [victim, aside]) rmSync(one, { recursive: true });
  });
  await listen({ mode: 0o666 });
  expect(files.map((file) => (statSync(file).mode & 0o777).toString(8))).toEqual(["600"]);
  expect(modeNow()).toBe("666");
});

test("it is not there before it has its mode", async () => {
  const seen: boolean[] = [];
  watched.before = () => seen.push(existsSync(path));
  onTestFinished(() => void (watched.before = () => undefined));
  await listen({ mode: 0o600 });
  expect(seen).toContain(false);
  expect(seen).not.toContain(true);
});

test("it has the group that was named, and loses nothing of its mode by that", async () => {
  const groupId = process.getuid?.() === 0 ? 12_345 : (process.getgid?.() ?? 0);
  await listen({ mode: 0o660, groupId });
  expect([statSync(path).gid, modeNow()]).toEqual([groupId, "660"]);
});

test("it is gone when the server stops, unless another one has put its own there", async () => {
  const listener = await listen({ mode: 0o600 });
  listener.stopAccepting();
  expect(existsSync(path)).toBe(false);
  const older = await listen({ mode: 0o600 });
  rmSync(path);
  writeFileSync(path, "another's");
  older.stopAccepting();
  expect(existsSync(path)).toBe(true);
  rmSync(path);
});

test("a socket that a killed server left behind is replaced, a file is not", async () => {
  writeFileSync(path, "precious");
  await expect(listen({ mode: 0o600 })).rejects.toThrow("there is a file that is not a socket");
  rmSync(path);
});
