/* Life: the HTTP port while a server starts, serves from a journal, and stops. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { VirtualClock } from "../support/virtual-clock.ts";
import { QUIET } from "../support/quiet-sink.ts";
import { DEFAULT_OPTIONS } from "../../src/config/options.ts";
import { openHttp } from "../../src/http/open-http.ts";
import { openLog } from "../../src/observability/log.ts";
import { createCommon, journalBoardOf } from "../../src/broker/boards.ts";
import type { InProcess } from "../../src/broker/in-process.ts";
import { runCommand } from "../cli/command.ts";
import { SmallDisk } from "../durability/small-disk.ts";
import { CLOSED_DOOR } from "./closed-door.ts";
import { askAt, HttpPort, talk } from "./http-port.ts";

test("probes hear what keeps a server from being ready, and only health answers before it is", async () => {
  const common = createCommon(1, 2);
  const inProcess = { isReady: false, repliesOut: () => Promise.resolve() };
  const service = await openHttp({
    options: { ...DEFAULT_OPTIONS, httpPort: 0 },
    addresses: [],
    log: openLog({ verbosity: 0, sink: QUIET }),
    common,
    inProcess: inProcess as InProcess,
    door: CLOSED_DOOR,
    clock: new VirtualClock(),
    connectionsOf: () => Promise.resolve({ total: 0, connections: [] }),
    connectionsMax: 256,
  });
  const port = Number((await service.listen()).split(":")[1]);
  const ready = async (): Promise<string> => (await askAt(port, "/readyz")).text.trimEnd();
  expect(await ready()).toBe("recovering");
  expect((await askAt(port, "/healthz")).status).toBe(200);
  expect((await askAt(port, "/api/v1/session")).status).toBe(200);
  for (const path of ["/api/v1/overview", "/api/v1/events", "/api/v1/tubes", "/api/v1/jobs/1"]) {
    expect((await askAt(port, path)).status).toBe(503);
  }
  inProcess.isReady = true;
  expect(await ready()).toBe("ready");
  journalBoardOf(common).setFull(true);
  expect(await ready()).toBe("disk full");
  journalBoardOf(common).setFull(false);
  journalBoardOf(common).setReadOnly(true);
  expect(await ready()).toBe("journal read-only");
  journalBoardOf(common).setReadOnly(false);
  common.startStopping();
  expect(await ready()).toBe("stopping");
  await service.stop();
  await expect(askAt(port, "/healthz")).rejects.toThrow(/ECONNREFUSED/);
});

test("what is asked for over HTTP waits for the journal, and survives", async () => {
  const data = mkdtempSync(`${tmpdir()}/homemaker-http-`);
  try {
    const flags = ["--data", data];
    {
      await using http = await HttpPort.start({ threads: 2, flags });
      await talk(http, `use work\r\n${"put 0 1000 60 1\r\nx\r\n".repeat(3)}`);
      expect((await http.change("/api/v1/jobs/1/delete")).status).toBe(200);
      const bulk = { action: "delete", tube: "work", state: "delayed", filter: "", dryRun: false };
      expect((await http.change("/api/v1/bulk", bulk)).text).toMatch(/^\{"matched":2,"done":2,/);
      const overview = await http.json("/api/v1/overview");
      expect(overview).toMatchObject({ journal: { level: "sync", isFull: false } });
      await talk(http, "use work\r\nput 0 0 60 1\r\nx\r\n");
      http.server.signal("SIGKILL");
      await http.server.exited;
    }
    await using again = await HttpPort.start({ threads: 2, flags });
    const { output } = again.server;
    expect(output.indexOf("dashboard on")).toBeLessThan(output.indexOf("listening on"));
    expect(await again.json("/api/v1/overview")).toMatchObject({ jobs: { ready: 1, delayed: 0 } });
  } finally {
    rmSync(data, { recursive: true });
  }
});

test(
  "on a disk that is only to be read, what would change something is refused",
  { tags: ["mounts"] },
  async () => {
    const disk = new SmallDisk(64 * 1_048_576);
    try {
      const flags = ["--data", disk.directory, "--segment-size", "1MiB"];
      {
        await using http = await HttpPort.start({ flags });
        await talk(http, "use work\r\nput 0 0 60 1\r\nx\r\nput 0 1000 60 1\r\nx\r\n");
        http.server.signal("SIGTERM");
        await http.server.exited;
      }
      disk.remount("ro");
      await using http = await HttpPort.start({ flags });
      expect((await http.ask("/readyz")).text).toBe("journal read-only\n");
      expect(await http.json("/api/v1/tubes/work")).toMatchObject({ ready: 1, delayed: 1 });
      for (const path of ["jobs/1/delete", "jobs/2/kick", "tubes/work/flush"]) {
        expect([path, (await http.change(`/api/v1/${path}`)).status]).toEqual([path, 503]);
      }
      const bulk = { action: "delete", tube: "work", state: "ready", filter: "", dryRun: false };
      expect((await http.change("/api/v1/bulk", bulk)).status).toBe(503);
      expect(await http.json("/api/v1/tubes/work")).toMatchObject({ ready: 1, delayed: 1 });
    } finally {
      disk.remove();
    }
  },
);

test("a port that somebody has, and an address that strangers reach, are one line each", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const taken = await runCommand(["-p", "0", "--http-port", String(port)]);
  expect(taken).toMatchObject({ code: 1, stdout: "" });
  expect(taken.stderr).toBe(
    `homemaker: cannot listen on 127.0.0.1:${port}: the port is in use by another process`,
  );
  other.close();
  const open = await runCommand(["-p", "0", "--http-port", "0", "--http-listen", "0.0.0.0"]);
  expect(open).toMatchObject({ code: 2, stdout: "" });
  expect(open.stderr).toMatch(/^homemaker: --http-listen 0\.0\.0\.0 .* set --http-token[^\n]*$/);
});

test("who is subscribed does not keep a server from stopping", async () => {
  await using http = await HttpPort.start({ threads: 2 });
  const stream = http.ask("/api/v1/events").catch(() => undefined);
  expect(await http.json("/api/v1/overview")).toHaveProperty("now");
  http.server.signal("SIGTERM");
  await http.server.exited;
  await stream;
});
