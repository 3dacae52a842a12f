/* Server on a runtime: threads that share a port, trap, hang and freeze, and the limit of
 * connections. Called with Node by threads.test.ts, with the others by threads.long.test.ts.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { tagsOn } from "../support/matrix.ts";
import { RUNTIMES } from "../support/runtimes.ts";
import type { RuntimeName } from "../support/runtimes.ts";
import { ANY_PORT, EchoClient, EchoProcess, untilServed } from "./echo/process.ts";
import { pause, until } from "../support/until.ts";

/** Longer than a server may take to stop. */
const FREEZE_MS = 8000;

/** Declares the tests of a runtime. */
export function serveOn(name: RuntimeName): void {
  const runtime = RUNTIMES[name];
  describe(`a server on ${name}`, { tags: tagsOn(name) }, () => {
    it("accepts on one port in all of its threads, which wake each other and keep time", async () => {
      const server = await EchoProcess.listening({ threads: 2 }, runtime);
      const [zero, one] = await server.connectToEach(2);
      expect([await zero?.ask("thread"), await one?.ask("thread")]).toEqual(["0", "1"]);
      zero?.say("wake 1");
      await one?.hears("woken");
      one?.say("timer 1");
      await one?.hears("time");
      await server.kill();
    });

    it("dies at once, with one line, when a thread traps while another hangs", async () => {
      const server = await EchoProcess.listening({ threads: 2 }, runtime);
      const [zero, one] = await server.connectToEach(2);
      zero?.say("hang");
      one?.say("trap");
      await server.ended();
      expect(server.ending).toBe("SIGKILL");
      expect(server.errors).toMatch(
        /^homemaker: I\/O thread 1 failed: RuntimeError: unreachable/im,
      );
      expect(server.errors.trimEnd().split("\n")).toHaveLength(1);
    });

    it("lets replies leave when it is told to stop, removes its Unix socket and exits with 0", async () => {
      const folder = mkdtempSync(join(tmpdir(), "homemaker-"));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const path = join(folder, "socket");
      const listen = [ANY_PORT, { kind: "unix", path } as const];
      const server = await EchoProcess.listening({ threads: 2, listen }, runtime);
      const overUnix = await EchoClient.connect({ path });
      expect(await overUnix.ask("hello")).toBe("hello");
      const slow = await server.connect();
      slow.socket.pause();
      slow.say("flood 900000");
      await overUnix.ask("the flood is behind this");
      server.signal("SIGTERM");
      await until("the other connection is told", () => overUnix.isEnded);
      slow.socket.resume();
      await until("all of the replies are here", () => slow.isEnded);
      await server.ended();
      expect([slow.receivedBytes, server.ending, existsSync(path)]).toEqual([900_000, 0, false]);
    });

    it("that is frozen while it stops, for longer than stopping may take, lets replies leave", async () => {
      const server = await EchoProcess.listening({ threads: 2 }, runtime);
      const [slow, other] = [await server.connect(), await server.connect()];
      slow.socket.pause();
      slow.say("flood 900000");
      await other.ask("the other one is served");
      server.signal("SIGTERM");
      await until("the other connection is told", () => other.isEnded);
      server.signal("SIGSTOP");
      await pause(FREEZE_MS);
      server.signal("SIGCONT");
      slow.socket.resume();
      await until("all of the replies are here", () => slow.isEnded);
      await server.ended();
      expect([slow.receivedBytes, server.ending]).toEqual([900_000, 0]);
    }, 60_000);

    it("enters drain mode on SIGUSR1, in all threads", async () => {
      const server = await EchoProcess.listening({ threads: 2 }, runtime);
      const clients = await server.connectToEach(2);
      expect(await clients[0]?.ask("draining")).toBe("false");
      server.signal("SIGUSR1");
      await until("it drains", () => server.errors.includes("draining"));
      expect(await clients[0]?.ask("draining")).toBe("true");
      expect(await clients[1]?.ask("draining")).toBe("true");
      await server.kill();
    });

    it("closes connections above the limit with one line, and has room again when one leaves", async () => {
      const server = await EchoProcess.listening({ threads: 2, maxConnections: 3 }, runtime);
      const clients = [await server.connect(), await server.connect(), await server.connect()];
      for (const client of clients) expect(await client.ask("hello")).toBe("hello");
      for (let extra = 0; extra < 5; extra++) {
        const client = await server.connect();
        await until("it is turned away", () => client.isEnded || client.isClosed);
      }
      expect(await clients[2]?.ask("still here")).toBe("still here");
      clients[0]?.socket.destroy();
      await untilServed(server);
      expect(server.errors.match(/turning connections away/g)?.length).toBeLessThanOrEqual(2);
      await server.kill();
    });
  });
}
