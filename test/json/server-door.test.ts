/*
 * The door of a server (--json-port): what it takes is in the queue of all, as safe as a put, and
 * it ends with the server.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { ask, connectTo, runCommand, serveCommand } from "../cli/command.ts";
import type { Serving } from "../cli/command.ts";
import { callerAt } from "./door-bed.ts";
import type { Caller } from "./door-bed.ts";

/** Each starts several processes, one after the other, maybe on a busy machine. */
vi.setConfig({ testTimeout: 180_000 });

const FLAGS = ["-p", "0", "--threads", "2", "--json-port", "0"];

function serve(...flags: readonly string[]): Promise<Serving> {
  return serveCommand([...FLAGS, ...flags], { count: 2 });
}

async function callerOf({ readyLines }: Serving): Promise<Caller> {
  const [, port] = /JSON on 127\.0\.0\.1:(\d+)$/.exec(readyLines[0] ?? "") ?? [];
  const caller = await callerAt(Number(port));
  onTestFinished(() => void caller.socket.destroy());
  return caller;
}

test("what it takes is in the queue of all, and survives a kill", async () => {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-door-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const flags = ["--data", join(directory, "data"), "--durability", "sync"];
  {
    await using server = await serve(...flags);
    const caller = await callerOf(server);
    const jobs = Array.from({ length: 100 }, (_, data) => ({ type: "mail", data }));
    expect(await caller.call("insert", jobs)).toHaveLength(100);
    expect(await caller.call("insert", { type: "mail", tube: "other" })).toMatchObject({
      state: "new",
    });
    process.kill(server.pid, "SIGKILL");
    await server.ended;
  }
  await using server = await serve(...flags);
  const caller = await callerOf(server);
  expect(await caller.call("stats", { tube: "mail" })).toMatchObject({ available: 100 });
  const socket = await connectTo(server.addresses[1] ?? "");
  expect(await ask(socket, "use other\r\npeek-ready\r\n")).toBe("USING other");
  socket.destroy();
});

test("it says when the server takes no jobs", async () => {
  await using server = await serve();
  const caller = await callerOf(server);
  expect(await caller.call("health")).toEqual({ status: "ok" });
  const socket = await connectTo(server.addresses[1] ?? "");
  expect(await ask(socket, "drain\r\n")).toBe("DRAINING");
  socket.destroy();
  expect(await caller.call("health")).toEqual({ status: "unavailable", why: "draining" });
  expect(await caller.call("insert", { type: "a" })).toMatchObject({
    error: { code: -32000, data: { code: "HM_DRAINING" } },
  });
});

test("nobody may end the server by it unless that was said", async () => {
  await using server = await serve();
  const caller = await callerOf(server);
  expect(await caller.call("quit")).toMatchObject({ error: { data: { code: "HM_NOT_ALLOWED" } } });
  server.signal("SIGTERM");
  expect((await server.ended).code).toBe(0);
});

test("with --json-quit loopback callers on this machine may", async () => {
  await using server = await serve("--json-quit", "loopback");
  const caller = await callerOf(server);
  expect(await caller.call("quit")).toBe("stopping");
  expect((await server.ended).code).toBe(0);
});

test("it is told of each call with -V", async () => {
  await using server = await serve("-V");
  const caller = await callerOf(server);
  await caller.call("insert", [{ type: "a" }, { type: "b" }]);
  server.signal("SIGTERM");
  const { stderr } = await server.ended;
  expect(stderr).toMatch(
    /"peer":"127.0.0.1:\d+","method":"insert","jobs":2,"millis":[\d.e-]+,"outcome":"ok","msg":"a call"/,
  );
});

test("it does not start where somebody listens", async () => {
  await using server = await serve();
  const [, port = ""] = /:(\d+)$/.exec(server.readyLines[0] ?? "") ?? [];
  expect(await runCommand(["-p", "0", "--threads", "1", "--json-port", port])).toMatchObject({
    code: 1,
    stderr: `homemaker: cannot listen on 127.0.0.1:${port}: the port is in use by another process`,
  });
});
