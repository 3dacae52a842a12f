/* Of servers that are started at one address at once one serves, and the others say why not. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { program } from "../support/programs.ts";
import { EchoProcess } from "../server/echo/process.ts";
import { until } from "../support/until.ts";
import {
  expectOne,
  freePort,
  IN_USE,
  isSettled,
  PATH_IN_USE,
  ROUNDS,
  expectNoSharedPort,
  startTogether,
  tcp,
} from "./contest.ts";
import type { Listen } from "./contest.ts";

const TIMEOUT_MS = 120_000;

const folder = mkdtempSync(join(tmpdir(), "homemaker-one-"));
afterAll(() => rmSync(folder, { recursive: true }));

const LEFT = join(folder, "left.sock");

/**
 * A command under which taking and giving up names and addresses takes longer, so that whoever
 * looks, and then does something about it, is overtaken meanwhile; what was done is written to
 * `trace`.
 */
function slowly(millis: number, trace: string): readonly string[] {
  const calls = "bind,unlink,unlinkat";
  const words = [program("strace"), "-D", "-f", "-qq", "-o", trace, "-e", `trace=${calls}`];
  return [...words, "-e", `inject=${calls}:delay_enter=${millis * 1000}`];
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** Whether the trace has a call that bound something named after the port, and has its end. */
function hasBound(trace: string, port: number): boolean {
  const end = "( = 0|<unfinished[^]*\\n\\1 +<... bind resumed.* = 0)";
  return new RegExp(`(\\d+) +bind\\(.*\\b${port}\\b.*${end}`).test(textOf(trace));
}

describe("servers started at once, however slowly,", { tags: ["strace"] }, () => {
  it("never share a port", { timeout: TIMEOUT_MS }, async () => {
    const port = await freePort();
    const trace = join(folder, "first.trace");
    const options = { threads: 2, listen: [tcp("127.0.0.1", port)] };
    const first = new EchoProcess(options, undefined, slowly(1500, trace));
    await until("the first has bound what concerns the port", () => hasBound(trace, port));
    const second = new EchoProcess(options);
    const servers = [first, second];
    await until("each serves or has ended", () => servers.every(isSettled));
    await expectOne(servers, IN_USE);
  });

  it("never share a Unix socket that a former server left", { timeout: TIMEOUT_MS }, async () => {
    const listen = Array.from({ length: 3 }, (): Listen => ({ kind: "unix", path: LEFT }));
    const former = await EchoProcess.listening({ listen: listen.slice(0, 1) });
    await former.kill();
    await expectOne(await startTogether(listen, undefined, slowly(200, "/dev/null")), PATH_IN_USE);
  });
});

describe("servers started at once", () => {
  it("never share a port", { timeout: TIMEOUT_MS }, () => expectNoSharedPort());

  it.each([
    ["all addresses and one of them", "0.0.0.0", "127.0.0.1"],
    ["all IPv6 addresses, which take IPv4 too, and an IPv4 address", "::", "127.0.0.1"],
    ["all IPv6 addresses and one of them", "::", "::1"],
  ])("never share a port between %s", { timeout: TIMEOUT_MS }, async (_, all, one) => {
    for (let round = 0; round < ROUNDS / 2; round++) {
      const port = await freePort();
      await expectOne(await startTogether([tcp(all, port), tcp(one, port)]), IN_USE);
    }
  });

  it("both serve one port number of two addresses", async () => {
    const port = await freePort();
    const servers = await startTogether([tcp("127.0.0.1", port), tcp("127.0.0.2", port)]);
    expect(servers.map((server) => server.readyLines.length)).toEqual([1, 1]);
    await Promise.all(servers.map((server) => server.kill()));
  });

  it(
    "never share a Unix socket, whatever a former server left",
    { timeout: TIMEOUT_MS },
    async () => {
      const path = join(folder, "one.sock");
      for (let round = 0; round < ROUNDS; round++) {
        const listen = Array.from({ length: 3 }, (): Listen => ({ kind: "unix", path }));
        // Who serves is killed: its socket stays.
        await expectOne(await startTogether(listen), PATH_IN_USE);
      }
    },
  );
});
