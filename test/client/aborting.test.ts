/* Calls that are ended before their answers come, by a signal, by their time or with the client: a
 * job that comes all the same goes to somebody else.
 */
import { beforeEach, describe, expect, test } from "vitest";
import type { Client } from "../../src/client/client.ts";
import { Job } from "../../src/client/job.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { until } from "../support/until.ts";
import { outcome, ScriptedServer, settle } from "./scripted-server.ts";

let server: ScriptedServer;
let client: Client;
beforeEach(async () => {
  server = new ScriptedServer();
  client = await server.connect();
});

/** A reserve that was sent and then aborted; returns its signal. */
async function aborted(): Promise<WeakRef<AbortSignal>> {
  const aborting = new AbortController();
  const job = outcome(client.reserve({ signal: aborting.signal }));
  await settle();
  aborting.abort();
  expect(await job).toBe("AbortError");
  return new WeakRef(aborting.signal);
}

describe("a job for a reserve that nobody waits for any more", () => {
  test("is handed back as if it had not been taken", async () => {
    await aborted();
    await server.say("RESERVED 7 1\r\nx");
    expect(server.lines).toEqual(["reserve", "hand-back 7 0"]);
    await server.say("HANDED_BACK");
    expect(server.troubles).toEqual([]);
  });

  test("is given back with its priority to a server that knows no hand-back", async () => {
    server = new ScriptedServer();
    server.isPlain = true;
    client = await server.connect();
    await aborted();
    await server.say("RESERVED 7 1\r\nx");
    expect(server.lines).toEqual(["reserve", "stats-job 7"]);
    await server.say("OK 11\r\n---\npri: 77");
    expect(server.lines.at(-1)).toBe("release 7 77 0");
  });

  test("goes to the next reserve, whose own job goes to the one after it", async () => {
    await aborted();
    const [second, third] = [client.reserve(), client.reserve()];
    await settle();
    await server.say("RESERVED 7 1\r\nx");
    expect((await second).id).toBe(7);
    await server.say("RESERVED 8 1\r\nx");
    expect((await third).id).toBe(8);
    await server.say("RESERVED 9 1\r\nx");
    expect(server.lines.slice(3)).toEqual(["hand-back 9 0"]);
  });

  test("does not go to a reserve that other tubes are watched for", async () => {
    server.answer = (line) => (line.startsWith("watch") ? "" : undefined);
    const aborting = new AbortController();
    const first = outcome(client.reserve({ signal: aborting.signal }));
    const watched = client.watch("other");
    const second = client.reserve();
    await settle();
    aborting.abort();
    expect(await first).toBe("AbortError");
    await server.say("RESERVED 7 1\r\nx", "WATCHING 2");
    await watched;
    expect(server.lines).toContain("hand-back 7 0");
    await server.say("RESERVED 8 1\r\nx", "HANDED_BACK");
    expect((await second).id).toBe(8);
  });

  test("is not taken for one that ended by its time", async () => {
    const job = outcome(client.reserve({ timeoutMs: 500 }));
    await settle();
    await server.advance(0.6);
    expect(await job).toBe("HM_TIMEOUT");
    await server.say("RESERVED 7 1\r\nx");
    expect(server.lines.at(-1)).toBe("hand-back 7 0");
  });

  test("need not be waited for: the call is forgotten behind one that goes on waiting", async () => {
    void outcome(client.reserve());
    const signal = await aborted();
    await server.cut();
    await until("its call is forgotten", () => {
      collectGarbage();
      return signal.deref() === undefined;
    });
  });

  test.each(["reserveJob", "reserveBatch"] as const)("is handed back after %s", async (name) => {
    const aborting = new AbortController();
    const asked = outcome(client[name](7, { signal: aborting.signal }));
    await settle();
    aborting.abort();
    expect(await asked).toBe("AbortError");
    await server.say(
      name === "reserveJob" ? "RESERVED 7 1\r\nx" : "RESERVED_BATCH 1\r\nRESERVED 7 1\r\nx",
    );
    expect(server.lines.at(-1)).toBe("hand-back 7 0");
  });
});

describe("what is asked behind a reserve that nobody waits for", () => {
  test("does not wait for a job: the connection is finished and another one follows", async () => {
    await aborted();
    expect(server.wire.isFinished).toBe(false);
    const put = client.put("x");
    await settle();
    expect(server.wire.isFinished).toBe(true);
    const next = client.put("yy");
    await settle();
    expect(server.lines).toEqual(["reserve", "put 1024 0 60 1", "x"]);
    await server.say("TIMED_OUT", "INSERTED 1");
    expect(await put).toEqual({ id: 1, isNew: true });
    await server.cut();
    expect(server.wires).toHaveLength(2);
    expect(server.lines).toEqual(["put 1024 0 60 2", "yy"]);
    await server.say("INSERTED 2");
    expect(await next).toEqual({ id: 2, isNew: true });
    expect(server.troubles).toEqual([]);
  });

  const one = "RESERVED 1 1\r\nx";
  const two = "RESERVED_BATCH 2\r\nRESERVED 1 1\r\nx\r\nRESERVED 2 1\r\ny";
  test.each([
    ["reserve-batch 2", () => client.reserveMany(2), two, [true, true]],
    ["reserve-batch 2", () => client.reserveBatch(2), two, [true, true]],
    ["reserve-job 1", () => client.reserveJob(1), one, [true]],
    ["window 2", () => client.window(2), "", []],
  ] as const)(
    "and brings jobs goes on the next one, which goes on: %s",
    async (line, ask, answer, held) => {
      await aborted();
      expect(await onNext(ask(), answer)).toEqual([["reserve"], [line], held]);
      expect([server.wire.isFinished, server.troubles]).toEqual([false, []]);
    },
  );

  test("and brings jobs of a server that knows no batch goes there, too", async () => {
    server = new ScriptedServer();
    server.isPlain = true;
    client = await server.connect();
    await aborted();
    const line = "reserve-with-timeout 0";
    const came = await onNext(client.reserveMany(2), `${one}\r\nTIMED_OUT`);
    expect(came).toEqual([["reserve"], [line, line], [true]]);
    expect(server.wire.isFinished).toBe(false);
  });

  /** What was sent on this connection and on the next, and whether the jobs that came are held. */
  async function onNext(asked: Promise<unknown>, answer: string): Promise<unknown> {
    await settle();
    const sent = server.lines;
    if (server.wire.isFinished) {
      await server.say("TIMED_OUT");
      await server.cut();
    }
    const sentThere = server.lines;
    if (answer !== "") await server.say(answer);
    const jobs = [await asked].flat().filter((job) => job instanceof Job);
    return [sent, sentThere, jobs.map((job) => job.isHeld)];
  }

  test("is lost in time where the server does not end the connection", async () => {
    await aborted();
    const put = outcome(client.put("x", { timeoutMs: 60_000 }));
    await settle();
    const next = client.put("yy", { timeoutMs: 60_000 });
    await server.advance(9.9);
    expect(server.wire.closings).toBe(0);
    await server.advance(0.2);
    expect(await put).toBe("HM_LOST");
    expect(server.lines).toEqual(["put 1024 0 60 2", "yy"]);
    await server.say("INSERTED 2");
    expect(await next).toEqual({ id: 2, isNew: true });
    await client.close();
    expect(server.clock.timers).toBe(0);
  });

  test("nor does the job that came for another of them", async () => {
    await aborted();
    await aborted();
    await server.say("RESERVED 7 1\r\nx");
    expect(server.lines).toEqual(["reserve", "reserve", "hand-back 7 0"]);
    expect(server.wire.isFinished).toBe(true);
    await server.say("TIMED_OUT", "HANDED_BACK");
    await server.cut();
    expect(server.troubles).toEqual([]);
  });

  test("waits where a job is held, though another one was lost on its way back", async () => {
    await client.window(2);
    const reserved = client.reserve();
    await settle();
    await server.say("RESERVED 1 1\r\nx");
    const held = await reserved;
    await server.say("JOB 2 1 a 1\r\ny", "LOST 2"); // nobody listens: it is handed back
    expect(server.lines.at(-1)).toBe("hand-back 2 0");
    await aborted();
    const deleted = outcome(held.delete());
    await settle();
    expect(server.wire.isFinished).toBe(false);
    await server.say("NOT_FOUND", "DEADLINE_SOON", "DELETED");
    expect(await deleted).toBeUndefined();
  });

  test("waits where a job is held, which another connection would lose", async () => {
    const reserved = client.reserve();
    await settle();
    await server.say("RESERVED 1 1\r\nx");
    const job = await reserved;
    await aborted();
    const deleted = job.delete();
    await settle();
    expect(server.wire.isFinished).toBe(false);
    await server.say("DEADLINE_SOON", "DELETED");
    await deleted;
  });
});

describe("a signal", () => {
  test("that was aborted before ends a call before anything is sent", async () => {
    const reason = new Error("stop");
    await expect(client.put("x", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(client.await(1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await settle();
    expect(server.lines).toEqual([]);
  });

  test("is listened to once for all calls, and not at all when none is under way", async () => {
    const aborting = new AbortController();
    const listened = { added: 0, removed: 0 };
    const { signal } = aborting;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listened.added++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listened.removed++;
      remove(...args);
    };
    const deletes = [1, 2, 3].map((id) => client.delete(id, { signal }));
    await settle();
    expect(listened).toEqual({ added: 1, removed: 0 });
    await server.say("DELETED", "DELETED", "DELETED");
    await Promise.all(deletes);
    expect(listened).toEqual({ added: 1, removed: 1 });
  });

  test("ends all that it was given to, and later answers are nobody's", async () => {
    const aborting = new AbortController();
    const { signal } = aborting;
    const asked = [
      client.put("x", { signal }),
      client.stats({ signal }),
      client.await(9, { signal }),
    ];
    const outcomes = Promise.all(asked.map(outcome));
    await settle();
    aborting.abort();
    expect(await outcomes).toEqual(["AbortError", "AbortError", "AbortError"]);
    const after = client.delete(5);
    await settle();
    await server.say(
      "INSERTED 1",
      "OK 10\r\n---\npid: 1",
      "AWAITING",
      "DELETED",
      "DONE 9 dead 0\r\n",
    );
    expect(await after).toBeUndefined();
    expect(client.isConnected).toBe(true);
  });
});

describe("a stream of jobs", () => {
  test("gives what comes, and gives back what nobody took when it ends", async () => {
    const stream = client.jobs({ window: 3 });
    const first = stream.next();
    await settle();
    expect(server.lines).toEqual(["window 3"]);
    await server.say("JOB 1 1 mails 1\r\na", "JOB 2 4 mails 1\r\nb", "JOB 3 1 mails 1\r\nc");
    expect((await first).value).toMatchObject({ id: 1, attempt: 1, tube: "mails" });
    await server.say("LOST 2");
    expect((await stream.next()).value?.id).toBe(3);
    await server.say("JOB 4 1 mails 1\r\nd");
    server.answer = (line) =>
      line === "window 0" ? "JOB 5 1 mails 1\r\ne\r\nWINDOW 0" : undefined;
    expect(await stream.return()).toEqual({ done: true, value: undefined });
    await settle();
    expect(server.lines.slice(1)).toEqual(["hand-back 4 0", "hand-back 5 0"]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test("ends quietly with its signal, for those who wait too", async () => {
    const aborting = new AbortController();
    const seen: number[] = [];
    const loop = (async () => {
      for await (const job of client.jobs({ signal: aborting.signal })) seen.push(job.id);
    })();
    await settle();
    await server.say("JOB 1 1 mails 1\r\na");
    aborting.abort();
    await loop;
    expect(seen).toEqual([1]);
    expect(server.lines).toEqual(["window 16"]); // that job is in the loop's hands
    expect(server.stays).toBe(0);
  });

  test("has room for those that come in place of lost ones", async () => {
    const stream = client.jobs({ window: 2 });
    await settle();
    await server.say("JOB 1 1 a 0\r\n", "JOB 2 1 a 0\r\n", "LOST 1", "JOB 3 1 a 0\r\n");
    expect(server.wire.closings).toBe(0);
    const [one, other] = [await stream.next(), await stream.next()];
    expect([one.value?.id, other.value?.id]).toEqual([2, 3]);
  });

  test("of a plain server looks again where a held job's time is nearly over", async () => {
    server = new ScriptedServer();
    server.isPlain = true;
    client = await server.connect();
    const stream = client.jobs({ window: 2 });
    const first = stream.next();
    await settle();
    await server.say("RESERVED 1 1\r\nx");
    expect((await first).value?.id).toBe(1);
    const second = stream.next();
    await settle();
    await server.say("DEADLINE_SOON");
    expect(server.lines).toEqual(["reserve", "reserve-with-timeout 0"]);
    await server.advance(0.2);
    expect(server.lines).toHaveLength(3);
    await server.say("RESERVED 2 1\r\ny");
    expect((await second).value?.id).toBe(2);
  });

  test("of a plain server ends with what goes wrong, and another can follow", async () => {
    server = new ScriptedServer();
    server.isPlain = true;
    client = await server.connect();
    server.answer = (line) => (line === "reserve" ? "OUT_OF_MEMORY" : undefined);
    expect(await outcome(client.jobs().next())).toBe("HM_OUT_OF_MEMORY");
    await client.jobs().return();
  });

  test("is one at a time, and another can follow", async () => {
    const stream = client.jobs();
    expect(() => client.jobs()).toThrow("one at a time");
    await stream.return();
    await client.jobs().return();
  });

  test("says when the server has no room for it", async () => {
    server.answer = (line) => (line.startsWith("window") ? "OUT_OF_MEMORY" : undefined);
    expect(await outcome(client.jobs().next())).toBe("HM_OUT_OF_MEMORY");
  });
});

describe("listeners", () => {
  test("hear of jobs, and one that throws harms nothing", async () => {
    const heard: unknown[] = [];
    client.listen({
      job: () => {
        throw new Error("a bad listener");
      },
    });
    const listening = client.listen({
      job: ({ id }) => heard.push(id),
      lost: (id) => heard.push(`lost ${id}`),
      cancelled: (id) => heard.push(`cancelled ${id}`),
    });
    await client.window(2);
    await server.say("JOB 1 1 a 0\r\n", "LOST 1", "CANCEL 2");
    expect(heard).toEqual([1, "lost 1", "cancelled 2"]);
    expect(server.troubles).toMatchObject([{ message: "a bad listener" }]);
    listening[Symbol.dispose]();
    await server.say("JOB 3 1 a 0\r\n");
    expect(heard).toHaveLength(3);
  });

  test("hear nothing of a job that nobody listens for: it is handed back", async () => {
    await client.window(2);
    await server.say("JOB 3 1 a 0\r\n");
    expect(server.lines.at(-1)).toBe("hand-back 3 0");
  });
});

describe("a client that is closed", () => {
  test("waits for the answers that are due, and not for jobs or ends of jobs", async () => {
    const put = client.put("x");
    const job = outcome(client.reserve());
    const end = outcome(client.await(7));
    const { signal } = new AbortController();
    await settle();
    const closed = client.close();
    expect(await Promise.all([job, end])).toEqual(["HM_CLOSED", "HM_CLOSED"]);
    await server.say("INSERTED 1", "TIMED_OUT", "AWAITING");
    expect(await put).toMatchObject({ id: 1 });
    await closed;
    expect(server.wire.closings).toBe(1);
    expect(await outcome(client.stats({ signal }))).toBe("HM_CLOSED");
    expect(() => client.jobs()).toThrow("closed");
    expect([server.stays, server.clock.timers]).toEqual([0, 0]);
  });

  test("is closed by `await using`", async () => {
    {
      await using own = await server.connect();
      expect(own.isConnected).toBe(true);
    }
    expect(server.wire.closings).toBe(1);
  });

  test("does not wait for a server that is away", async () => {
    server.isAway = new Error("nobody there");
    await server.cut();
    const put = outcome(client.put("x"));
    await client.close();
    expect(await put).toBe("HM_CLOSED");
    expect([server.stays, server.clock.timers]).toEqual([0, 0]);
  });
});
