/* A client whose connection is lost: what becomes of its calls, what the next connection is set to,
 * and when it is tried to have one. Time stands still but for `advance`.
 */
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Client } from "../../src/client/client.ts";
import { backOffMillis } from "../../src/client/back-off.ts";
import type { Endpoint } from "../../src/client/endpoint.ts";
import { outcome, ScriptedServer, settle } from "./scripted-server.ts";

const CUT = new Error("the cable is cut");

let server: ScriptedServer;
let client: Client;
beforeEach(async () => {
  server = new ScriptedServer();
  client = await server.connect();
});

describe("a call", () => {
  test("that was sent and may have been done is lost, and says which it was", async () => {
    const put = client.put("x");
    await settle();
    await server.cut(CUT);
    await expect(put).rejects.toMatchObject({
      code: "HM_LOST",
      command: "put 1024 0 60",
      cause: CUT,
    });
  });

  test("that can be done twice is sent again", async () => {
    const stats = client.stats();
    const touched = client.touch(7);
    await settle();
    await server.cut(CUT);
    await server.advance(0.1);
    expect(server.wires).toHaveLength(2);
    expect(server.lines).toEqual(["stats", "touch 7"]);
    await server.say("OK 10\r\n---\npid: 1", "TOUCHED");
    expect(await stats).toEqual({ pid: 1 });
    expect(await touched).toBeUndefined();
  });

  test("that was not sent goes on the next connection, after those sent again", async () => {
    const touched = client.touch(7);
    await settle();
    server.wire.backlogBytes = Infinity;
    const put = client.put("x");
    await settle();
    expect(server.lines).toEqual(["touch 7"]);
    await server.cut(CUT);
    await server.advance(0.1);
    expect(server.lines).toEqual(["touch 7", "put 1024 0 60 1", "x"]);
    await server.say("TOUCHED", "INSERTED 3");
    expect(await Promise.all([touched, put])).toEqual([undefined, { id: 3, isNew: true }]);
  });

  test("that is made while there is no connection waits for one", async () => {
    server.isAway = new Error("nobody there");
    await server.cut(CUT);
    const put = client.put("x");
    await server.advance(2);
    server.isAway = undefined;
    await server.advance(5);
    expect(server.lines).toEqual(["put 1024 0 60 1", "x"]);
    await server.say("INSERTED 3");
    expect(await put).toEqual({ id: 3, isNew: true });
  });

  test("waits no longer than it may: then it says why there is no connection", async () => {
    server.isAway = new Error("nobody there");
    await server.cut(CUT);
    const put = client.put("x", { timeoutMs: 3000 });
    await server.advance(3.1);
    await expect(put).rejects.toMatchObject({
      code: "HM_UNREACHABLE",
      message: expect.stringContaining("nobody there"),
    });
  });

  test("that ended while there was no connection is never sent", async () => {
    server.isAway = new Error("nobody there");
    await server.cut(CUT);
    const aborting = new AbortController();
    const put = client.put("x", { signal: aborting.signal });
    const other = client.put("yy");
    aborting.abort();
    expect(await outcome(put)).toBe("AbortError");
    server.isAway = undefined;
    await server.advance(1);
    expect(server.lines).toEqual(["put 1024 0 60 2", "yy"]);
    await server.say("INSERTED 1");
    await other;
  });
});

describe("jobs that are lost with the connection", () => {
  test.each(["signal", "onDoomed"] as const)(
    "are all lost before one is told by its %s: nothing for them is sent on the next",
    async (by) => {
      const reserved = [client.reserve(), client.reserve(), client.reserve()];
      await settle();
      await server.say("RESERVED 1 1\r\nx", "RESERVED 2 1\r\nx", "RESERVED 3 1\r\nx");
      const jobs = await Promise.all(reserved);
      const outcomes: Promise<unknown>[] = [];
      const held: boolean[] = [];
      for (const job of jobs) {
        const endOthers = (): void => {
          const others = jobs.filter((one) => one !== job);
          held.push(...others.map((one) => one.isHeld));
          outcomes.push(...others.map((one) => outcome(one.delete())));
        };
        if (by === "onDoomed") job.onDoomed(endOthers);
        else job.signal.addEventListener("abort", endOthers);
      }
      await server.cut(CUT);
      void outcome(client.put("x"));
      await server.advance(1);
      expect(await Promise.all(outcomes)).toEqual(Array.from({ length: 6 }, () => "HM_NOT_HELD"));
      expect(held).not.toContain(true);
      expect(server.wires).toHaveLength(2);
      expect(server.lines).toEqual(["put 1024 0 60 1", "x"]);
      expect(jobs.map((job) => job.signal.reason)).toMatchObject(
        jobs.map(() => ({ code: "HM_NOT_HELD", cause: CUT })),
      );
    },
  );
});

describe("the next connection", () => {
  test("is set to what the last one was set to, before anything else", async () => {
    await Promise.all([
      client.use("mails"),
      client.watch("mails"),
      client.watch("bulk", { weight: 3 }),
      client.ignore("default"),
      client.reserveMode("weighted"),
      client.window(5),
      client.clientName("mailer"),
      client.clientName("mailer", { host: "web-1" }),
    ]);
    await server.cut();
    void outcome(client.put("x"));
    await server.advance(1);
    const set = server.lines.slice(0, 7);
    expect(set.toSorted()).toEqual(
      ["watch mails", "watch bulk 3", "ignore default", "use mails", "reserve-mode weighted"]
        .concat("window 5", "client-name mailer web-1")
        .toSorted(),
    );
    expect(set.indexOf("ignore default")).toBeGreaterThan(set.indexOf("watch mails"));
    expect(server.lines.slice(7)).toEqual(["put 1024 0 60 1", "x"]);
  });

  test("is not set to what the server refused", async () => {
    server.answer = (line) => (line.startsWith("watch") ? "OUT_OF_MEMORY" : undefined);
    expect(await outcome(client.watch("mails"))).toBe("HM_OUT_OF_MEMORY");
    await server.cut();
    void outcome(client.put("x"));
    await server.advance(1);
    expect(server.lines).toEqual(["put 1024 0 60 1", "x"]);
  });

  test("is told which jobs' ends are awaited", async () => {
    server.answer = (line) => (line.startsWith("await") ? "AWAITING" : undefined);
    const ended = Promise.all([client.await(7), client.await(7)]);
    const gone = outcome(client.await(8));
    await settle();
    expect(server.lines).toEqual(["await 7", "await 8"]);
    server.answer = (line) =>
      line.startsWith("await")
        ? { "await 7": "AWAITING", "await 8": "NOT_FOUND" }[line]
        : undefined;
    await server.cut(CUT);
    await server.advance(1);
    expect(await gone).toBe("HM_NOT_FOUND");
    await server.say("DONE 7 buried 2\r\nno");
    const done = { id: 7, end: "buried", body: new TextEncoder().encode("no") };
    expect(await ended).toMatchObject([done, done].map(({ id, end }) => ({ id, end })));
  });

  test("is told once which jobs' ends are awaited, had the last one answered or not", async () => {
    const first = client.await(7);
    await settle();
    await server.cut(CUT);
    const second = client.await(8);
    await server.advance(1);
    expect(server.lines).toEqual(["await 7", "await 8"]);
    await server.say("AWAITING", "AWAITING");
    await server.cut(CUT);
    await server.advance(1);
    expect(server.lines).toEqual(["await 7", "await 8"]);
    await server.say("AWAITING", "AWAITING", "DONE 7 buried 0\r\n", "DONE 8 dead 0\r\n");
    expect([(await first).end, (await second).end]).toEqual(["buried", "dead"]);
  });

  test("is asked for a job again by a reserve that waits", async () => {
    const job = client.reserve();
    await settle();
    await server.cut(CUT);
    await server.advance(1);
    expect(server.lines).toEqual(["reserve"]);
    await server.say("RESERVED 3 1\r\nx");
    expect((await job).id).toBe(3);
  });

  test("is not made while nobody waits for anything", async () => {
    await server.cut(CUT);
    await server.advance(60);
    expect(server.attempts).toBe(1);
    expect(server.stays).toBe(0);
    expect(server.clock.timers).toBe(0);
  });
});

describe("jobs that are held", () => {
  test("are lost with the connection, and their signals say so", async () => {
    const [one, other] = [client.reserve(), client.reserve()];
    await settle();
    await server.say("RESERVED 1 1\r\na", "RESERVED 2 1\r\nb");
    const [first, second] = await Promise.all([one, other]);
    const deleted = first.delete();
    await settle();
    await server.say("DELETED");
    await deleted;
    const { signal } = second;
    expect([first.isHeld, second.isHeld, signal.aborted]).toEqual([false, true, false]);
    await server.cut(CUT);
    expect(second.isHeld).toBe(false);
    expect(signal.reason).toMatchObject({ code: "HM_NOT_HELD", cause: CUT });
    expect(await outcome(second.delete())).toBe("HM_NOT_HELD");
    expect(second.signal.aborted).toBe(true);
  });

  test("are never asked anything of on the next connection, where nobody or somebody else holds them", async () => {
    const reserved = client.reserve();
    await settle();
    await server.say("RESERVED 7 1\r\na");
    const job = await reserved;
    server.wire.backlogBytes = Infinity;
    const asked = [
      job.delete(),
      job.release(),
      job.bury({ failure: "no" }),
      job.touch(),
      job.handBack(),
      job.finish("yes"),
      job.progress("half"),
      job.move("other"),
      client.delete(7),
      client.deleteMany([6, 7]),
      client.deleteBatch([6, 7]),
      client.batch((commands) => [commands.put("next"), commands.finish(7, "yes")]),
    ].map((promise) => outcome(promise));
    const others = [client.delete(8), client.deleteMany([8, 9])].map((promise) => outcome(promise));
    await settle();
    expect(server.lines).toEqual(["reserve"]);
    await server.cut(CUT);
    await server.advance(0.1);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(["HM_NOT_HELD"]));
    expect(server.lines).toEqual(["delete 8", "delete 8", "delete 9"]);
    await server.say("DELETED", "DELETED", "NOT_FOUND");
    await Promise.all(others);
  });

  test("are not kept by a touch that the last connection did not answer", async () => {
    const reserved = client.reserve();
    await settle();
    await server.say("RESERVED 7 1\r\na");
    const job = await reserved;
    const touched = outcome(job.touch());
    const noted = outcome(job.progress("half"));
    await settle();
    await server.cut(CUT);
    void outcome(client.listTubes());
    await server.advance(0.1);
    expect(await Promise.all([touched, noted])).toEqual(["HM_LOST", "HM_LOST"]);
    expect(server.lines).toEqual(["list-tubes"]);
  });

  test("that come again on the next connection are the new handle's alone", async () => {
    const stream = client.jobs({ window: 2 });
    const first = stream.next();
    await settle();
    await server.say("JOB 7 1 default 1\r\na");
    const { value: old } = await first;
    const second = stream.next();
    server.wire.backlogBytes = Infinity;
    const released = outcome(old?.release() ?? Promise.resolve());
    await settle();
    await server.cut(CUT);
    await server.advance(0.1);
    await server.say("JOB 7 2 default 1\r\na");
    const { value: again } = await second;
    expect(await released).toBe("HM_NOT_HELD");
    expect(await outcome(old?.touch() ?? Promise.resolve())).toBe("HM_NOT_HELD");
    expect([old?.isHeld, again?.isHeld, again?.attempt]).toEqual([false, true, 2]);
    expect(server.lines).toEqual(["window 2"]);
  });

  test("are lost when the server finds that they are not held", async () => {
    const reserved = client.reserve();
    await settle();
    await server.say("RESERVED 1 1\r\na");
    const job = await reserved;
    const touched = outcome(job.touch());
    await settle();
    await server.say("NOT_FOUND");
    expect(await touched).toBe("HM_NOT_FOUND");
    expect([job.isHeld, job.signal.aborted]).toEqual([false, true]);
  });

  test("are lost when the server says so, and doomed when they are cancelled", async () => {
    const reserved = client.reserve();
    await settle();
    await server.say("RESERVED 1 1\r\na");
    const job = await reserved;
    await server.say("CANCEL 1");
    expect(job.isHeld).toBe(true);
    expect(job.signal.reason).toMatchObject({ code: "HM_CANCELLED" });
    await server.say("LOST 1");
    expect(job.isHeld).toBe(false);
  });
});

describe("attempts to connect", () => {
  test("go through the addresses, beginning with the one that was last good", async () => {
    const names: string[] = [];
    const good = new Set(["b"]);
    const several = new ScriptedServer();
    const open = several.endpoint.bind(several);
    const endpoint = (name: string): Endpoint => ({
      name,
      open: (options, signal) => {
        names.push(name);
        if (!good.has(name)) throw new Error(`no ${name}`);
        return open(name).open(options, signal);
      },
    });
    several.endpoint = (name) => endpoint(name ?? "");
    const own = await several.connect({}, ["a", "b", "c"]);
    expect(names.splice(0)).toEqual(["a", "b"]);
    await several.cut(CUT);
    const stats = own.listTubes();
    await several.advance(0.1);
    expect(names.splice(0)).toEqual(["b"]);
    good.clear();
    await several.cut(CUT);
    await several.advance(0.2);
    expect(names.splice(0, 3)).toEqual(["b", "c", "a"]);
    await several.advance(11);
    await expect(stats).rejects.toThrow("b: no b; c: no c; a: no a");
    await own.close();
  });

  test("leave time for an address behind silent ones, which come last then", async () => {
    const several = new ScriptedServer();
    const open = several.endpoint.bind(several);
    const names: string[] = [];
    const silent = new Set(["a", "b"]);
    const endpoint = (name: string): Endpoint => ({
      name,
      open: (options, signal) => {
        names.push(name);
        if (!silent.has(name)) return open(name).open(options, signal);
        return new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(new Error(`${name} is silent`)));
        });
      },
    });
    several.endpoint = (name) => endpoint(name ?? "");
    const connecting = several.connect({}, ["a", "b", "c"]);
    await several.advance(7);
    const own = await connecting;
    expect(names.splice(0)).toEqual(["a", "b", "c"]);
    silent.clear();
    const stats = outcome(own.stats());
    await several.advance(10.1);
    expect(await stats).toBe("HM_TIMEOUT");
    const tubes = outcome(own.listTubes());
    await several.advance(0.2);
    expect(names).toEqual(["a"]);
    const closed = own.close();
    await several.advance(11);
    await closed;
    expect(await tubes).toBe("HM_TIMEOUT");
  });

  test("come later each time, up to a limit, and chance takes a part of it away", () => {
    const steps = Array.from({ length: 9 }, (_, failures) => backOffMillis(failures, 5000, 0));
    expect(steps).toEqual([0, 50, 100, 200, 400, 800, 1600, 3200, 5000]);
    expect(backOffMillis(4000, 5000, 0.999)).toBeCloseTo(2502.5);
  });

  test("leave no listener behind on the signal that ends their pauses", async () => {
    const listened = (name: "addEventListener" | "removeEventListener") =>
      vi.spyOn(EventTarget.prototype, name);
    const [added, removed] = [listened("addEventListener"), listened("removeEventListener")];
    try {
      server.isAway = new Error("nobody there");
      const stats = outcome(client.stats());
      await server.cut(CUT);
      await server.advance(10.1);
      expect(await stats).toBe("HM_UNREACHABLE");
      await server.advance(5);
      expect(server.attempts).toBeGreaterThan(5);
      expect(removed).toHaveBeenCalledTimes(added.mock.calls.length);
    } finally {
      added.mockRestore();
      removed.mockRestore();
    }
  });

  test("do not follow one another without a pause where a server hangs up at once", async () => {
    const job = outcome(client.reserve());
    await settle();
    for (let round = 0; round < 20; round++) {
      if (server.wire.closings === 0) await server.cut();
      await server.advance(0.3);
    }
    expect(server.attempts).toBeLessThan(15);
    await client.close();
    expect(await job).toBe("HM_CLOSED");
  });

  test("come at once again where the connection was a good one, however short", async () => {
    for (let round = 0; round < 10; round++) {
      const put = client.put("x");
      await settle();
      await server.say("INSERTED 1");
      await put;
      const stats = client.stats();
      await settle();
      await server.cut(CUT);
      await server.advance(0.1);
      await server.say("OK 10\r\n---\npid: 1");
      await stats;
    }
    expect(server.attempts).toBe(11);
  });

  test("to a server that has nothing to say end in time", async () => {
    const silent = new ScriptedServer();
    silent.answer = () => "";
    const connecting = outcome(silent.connect({ connectTimeoutMs: 2000 }));
    await settle();
    await silent.advance(4);
    expect(await connecting).toBe("HM_UNREACHABLE");
    expect(silent.wire.closings).toBeGreaterThan(0);
    expect(silent.stays).toBe(0);
  });

  test("end with the signal, whose reason is told", async () => {
    const away = new ScriptedServer();
    away.isAway = new Error("nobody there");
    const aborting = new AbortController();
    const connecting = away.connect({ signal: aborting.signal });
    await settle();
    aborting.abort(CUT);
    await expect(connecting).rejects.toBe(CUT);
    await away.advance(60);
    expect(away.clock.timers).toBe(0);
  });
});

describe("a server that stands still", () => {
  test("is given up when it owes an answer for too long, and what it owed is told", async () => {
    const put = outcome(client.put("x"));
    const stats = client.stats({ timeoutMs: 60_000 });
    await settle();
    await server.advance(10.1);
    expect(await put).toBe("HM_TIMEOUT");
    expect(server.wires[0]?.closings).toBe(1);
    await server.advance(1);
    await server.say("OK 10\r\n---\npid: 1");
    expect(await stats).toEqual({ pid: 1 });
  });

  test("is not given up for a reserve that waits, nor for one call in a hurry", async () => {
    const job = client.reserve();
    const hurried = outcome(client.stats({ timeoutMs: 10 }));
    await settle();
    await server.advance(300);
    expect(await hurried).toBe("HM_TIMEOUT");
    expect(server.attempts).toBe(1);
    await server.say("RESERVED 3 1\r\nx", "OK 10\r\n---\npid: 1");
    expect((await job).id).toBe(3);
  });

  test("is asked for a sign of life where jobs are only waited for", async () => {
    const stream = client.jobs();
    const next = stream.next();
    await server.advance(31);
    expect(server.lines.filter((line) => line === "list-tube-used")).toHaveLength(1);
    await server.advance(11);
    expect(server.wires[0]?.closings).toBe(1);
    await server.advance(1);
    expect(server.wires).toHaveLength(2);
    expect(server.lines).toContain("window 16");
    await server.say("JOB 5 1 default 1\r\nx");
    expect((await next).value?.id).toBe(5);
  });
});
