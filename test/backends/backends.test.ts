/*
 * What every back end promises, and what each says that it can do besides: one suite for all.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { NEXT_MAX } from "../../src/worker/backend.ts";
import type { Consumer, ConsumeOptions, HeldJob, PutOutcome } from "../../src/worker/backend.ts";
import type { QueueBackend, RawJob, RawStatus } from "../../src/worker/backend.ts";
import { until } from "../support/until.ts";
import { bytesOf, Hands, jobOf, KINDS, textOf, TOO_BIG } from "./beds.ts";
import type { Bed } from "./beds.ts";

describe.each(KINDS)("a back end of the kind $name", ({ open, isVirtual }) => {
  /** What takes time, of kinds whose time is virtual; a server has the same engine. */
  const timed = isVirtual ? test : (): void => undefined;

  let bed: Bed;
  let backend: QueueBackend;
  let hands: Hands;

  const consumers: Consumer[] = [];
  /** Each test has tubes of its own. */
  let serial = 0;

  beforeAll(async () => {
    bed = await open();
    ({ backend } = bed);
  });
  beforeEach(() => {
    hands = new Hands();
    serial++;
  });
  afterEach(async () => {
    await Promise.all(consumers.splice(0).map((consumer) => consumer.close()));
  });
  afterAll(() => bed[Symbol.asyncDispose]());

  function at(name: string): string {
    return name === "default" ? name : `${name}-${serial}`;
  }

  function job(text: string, about: Partial<RawJob> = {}): RawJob {
    return jobOf(text, { ...about, tube: at(about.tube ?? "work") });
  }

  function consume(tubes: readonly string[], options: ConsumeOptions): Consumer {
    const consumer = backend.consume(tubes.map(at), options);
    consumers.push(consumer);
    return consumer;
  }

  async function put(...jobs: Parameters<QueueBackend["put"]>[0]): Promise<readonly string[]> {
    return (await backend.put(jobs)).map(idOf);
  }

  /** Takes a job by a consumer of its own. */
  async function taken(window = 1): Promise<HeldJob> {
    consume(["work"], { window, take: hands.take });
    return hands.next();
  }

  async function seen(id: string): Promise<RawStatus> {
    const status = await backend.status(id);
    if (status === undefined) throw new Error(`there is no job ${id}`);
    return status;
  }

  async function listed(state: RawStatus["state"], tube = "work"): Promise<readonly string[]> {
    const ids: string[] = [];
    for await (const { id } of backend.list({ tube: at(tube), state })) ids.push(id);
    return ids;
  }

  describe("gives jobs", () => {
    test("that were put, once each, and completed they are gone", async () => {
      const [id = ""] = await put(job("hello"));
      const held = await taken();
      expect({ ...pick(held), text: textOf(held.body) }).toEqual({
        id,
        tube: at("work"),
        attempt: 1,
        isHeld: true,
        text: "hello",
      });
      expect(await seen(id)).toMatchObject({ state: "held", attempt: 1 });
      await held.complete({ keepMillis: 0 });
      expect(held.isHeld).toBe(false);
      expect(await backend.status(id)).toBeUndefined();
    });

    test("by priority, and those of one priority in the order in which they were put", async () => {
      const [low, normal, high] = [{ priority: 9000 }, {}, { priority: 5 }];
      await put(job("d", low), job("b", normal), job("c", normal), job("a", high));
      consume(["work"], { window: 1, take: hands.take });
      expect(await hands.done(4)).toEqual(["a", "b", "c", "d"]);
    });

    test("of the tubes that were named, and of no other", async () => {
      await put(job("x", { tube: "other" }), job("y", { tube: "default" }), job("z"));
      consume(["work", "more"], { window: 5, take: hands.take });
      expect(await hands.done(1)).toEqual(["z"]);
      await put(job("m", { tube: "more" }));
      expect(await hands.done(1)).toEqual(["m"]);
      expect((await backend.stats(at("other"))).available).toBe(1);
      expect((await backend.stats(at("default"))).available).toBe(1);
    });

    test("as they come, as many at a time as the window says", async () => {
      const consumer = consume(["work"], { window: 2, take: hands.take });
      await put(job("a"), job("b"), job("c"));
      const [a, b] = [await hands.next(), await hands.next()];
      expect(await backend.stats(at("work"))).toMatchObject({
        active: 2,
        available: 1,
        workers: 1,
      });
      consumer.window(0);
      await a.complete();
      await b.complete();
      expect(await listed("held")).toEqual([]);
      expect(hands.ready).toEqual([]);
      consumer.window(1);
      expect(await hands.done(1)).toEqual(["c"]);
    });

    test("to one consumer each", async () => {
      const others = new Hands();
      consume(["work"], { window: 3, take: hands.take });
      consume(["work"], { window: 3, take: others.take });
      await put(...Array.from({ length: 6 }, (_, index) => job(String(index))));
      await until("six are taken", () => hands.ready.length + others.ready.length === 6);
      expect([...hands.ready, ...others.ready].toSorted()).toEqual(["0", "1", "2", "3", "4", "5"]);
    });

    test("no more when it was stopped, and those that are held may still be ended", async () => {
      await put(job("a"), job("b"));
      const consumer = consume(["work"], { window: 1, take: hands.take });
      const held = await hands.next();
      await consumer.stop();
      await held.complete();
      expect(await backend.stats(at("work"))).toMatchObject({ available: 1, active: 0 });
      await consumer.close();
      await consumer.closed;
      expect(hands.ready).toEqual([]);
    });

    test("back when a consumer is closed that holds them, as if they had not been taken", async () => {
      const [id = ""] = await put(job("a"));
      const consumer = consume(["work"], { window: 1, take: hands.take });
      const held = await hands.next();
      await consumer.close();
      expect(held.isHeld).toBe(false);
      expect(await seen(id)).toMatchObject({ state: "ready", attempt: 0, failures: [] });
      expect((await taken()).attempt).toBe(1);
    });

    test("back that nobody could take, at once or later", async () => {
      const troubles: string[] = [];
      const [id = ""] = await put(job("a"));
      let count = 0;
      const consumer = consume(["work"], {
        window: 1,
        take(held) {
          count++;
          if (count === 1) throw new Error("no hands");
          if (count === 2) return Promise.reject(new Error("no head"));
          return hands.take(held);
        },
        troubled: ({ message }) => void troubles.push(message),
      });
      expect((await hands.next()).attempt).toBe(1);
      expect(troubles).toEqual(["no hands", "no head"]);
      await consumer.close();
      expect(await seen(id)).toMatchObject({ attempt: 0 });
    });
  });

  describe("takes jobs", () => {
    test("in many tubes at a time, each in its own, in their order", async () => {
      const tubes = ["work", "more", "work", "most", "work"];
      const calls = [...tubes.entries()].map(([index, tube]) => put(job(`${index}`, { tube })));
      const ids = (await Promise.all(calls)).flat();
      expect(new Set(ids).size).toBe(5);
      expect(await listed("ready", "more")).toEqual([ids[1]]);
      expect(await listed("ready", "most")).toEqual([ids[3]]);
      consume(["work"], { window: 1, take: hands.take });
      expect(await hands.done(3)).toEqual(["0", "2", "4"]);
    });

    test("all but those that it cannot take, and says why", async () => {
      const outcomes = await backend.put([job("a"), job("", { body: TOO_BIG }), job("b")]);
      expect(outcomes.map((outcome) => "id" in outcome)).toEqual([true, false, true]);
      expect(outcomes[1]).toMatchObject({ error: { code: "HM_JOB_TOO_BIG" } });
      consume(["work"], { window: 5, take: hands.take });
      expect(await hands.done(2)).toEqual(["a", "b"]);
    });

    test("none when the call was ended before it began", async () => {
      const signal = AbortSignal.abort(new Error("enough"));
      await expect(backend.put([job("a")], { signal })).rejects.toThrow("enough");
      expect((await backend.stats(at("work"))).available).toBe(0);
    });

    test("of any bytes", async () => {
      const body = Uint8Array.from({ length: 1024 }, (_, index) => index % 256);
      await put(job("", { body }));
      expect((await taken()).body).toEqual(body);
    });

    timed("that wait for their time", async () => {
      const [id = ""] = await put(job("later", { delayMillis: 1500 }));
      expect(await seen(id)).toMatchObject({ state: "delayed" });
      consume(["work"], { window: 1, take: hands.take });
      bed.advance(1.6);
      expect(await hands.done(1)).toEqual(["later"]);
    });
  });

  describe("ends attempts", () => {
    test("that failed: the job comes again, with the error kept and its priority", async () => {
      const [id = ""] = await put(job("a", { priority: 7 }));
      const held = await taken();
      await held.release({ failure: bytesOf("no paper") });
      const again = await hands.next();
      expect(pick(again)).toMatchObject({ id, attempt: 2 });
      const { priority, failures } = await seen(id);
      expect(priority).toBe(7);
      expect(failures).toEqual([
        expect.objectContaining({ attempt: 1, end: "released", at: expect.any(Date) }),
      ]);
      expect(textOf(failures[0]?.message)).toBe("no paper");
      await again.complete();
    });

    test("with a message that is no text, which is kept as it is", async () => {
      const [id = ""] = await put(job("a"));
      const message = Uint8Array.of(0, 255, 254, 13, 10, 128);
      await (await taken()).bury({ failure: message });
      expect((await seen(id)).failures[0]?.message).toEqual(message);
    });

    timed("that failed, for a while", async () => {
      const [id = ""] = await put(job("a"));
      await (await taken()).release({ afterMillis: 2500 });
      expect(await seen(id)).toMatchObject({ state: "delayed", attempt: 1 });
      bed.advance(2.6);
      expect((await hands.next()).attempt).toBe(2);
    });

    timed("that were none: nothing is counted and nothing kept", async () => {
      const [id = ""] = await put(job("a"));
      await (await taken()).handBack({ afterMillis: 1000 });
      expect(await seen(id)).toMatchObject({ state: "delayed", attempt: 0, failures: [] });
      bed.advance(1.1);
      expect((await hands.next()).attempt).toBe(1);
    });

    test("that failed for good: the job is set aside, with its priority", async () => {
      const [id = ""] = await put(job("a", { priority: 7 }));
      await (await taken()).bury({ failure: bytesOf("never") });
      const { state, priority, failures } = await seen(id);
      expect({ state, priority, end: failures[0]?.end }).toEqual({
        state: "buried",
        priority: 7,
        end: "buried",
      });
    });

    test("by a move to another tube, with attempts and failures", async () => {
      const [id = ""] = await put(job("a"));
      await (await taken()).moveTo(at("dead"), { failure: bytesOf("bad address") });
      const { tube, state, attempt, failures } = await seen(id);
      expect({ tube, state, attempt, end: failures[0]?.end }).toEqual({
        tube: at("dead"),
        state: "ready",
        attempt: 1,
        end: "moved",
      });
    });

    test("by removing the job", async () => {
      const [id = ""] = await put(job("a"));
      await (await taken()).discard();
      expect(await backend.status(id)).toBeUndefined();
    });

    timed("whose lease is over: the holder is told, and can do nothing more", async () => {
      await put(job("a", { leaseMillis: 2000 }));
      const held = await taken();
      expect(held.signal.aborted).toBe(false);
      bed.advance(2.1);
      const again = await hands.next();
      expect(again.attempt).toBe(2);
      expect(held.isHeld).toBe(false);
      expect(held.signal.reason).toMatchObject({ code: "HM_NOT_HELD" });
      await expect(held.complete()).rejects.toMatchObject({ code: "HM_NOT_HELD" });
      await again.complete();
    });

    timed("later where the lease was renewed", async () => {
      await put(job("a", { leaseMillis: 2000 }));
      const held = await taken();
      for (let count = 0; count < 3; count++) {
        bed.advance(1.5);
        await held.renew();
      }
      expect(held.isHeld).toBe(true);
      await held.complete();
    });
  });

  describe("keeps results", () => {
    timed("for a minute, for whoever waits and for whoever asks later", async () => {
      const [id = ""] = await put(job("6*7"));
      const waiting = backend.end(id, { timeoutMillis: Infinity });
      await (await taken()).complete({ result: bytesOf("42") });
      expect(await waiting).toEqual({ end: "finished", result: bytesOf("42") });
      bed.advance(59);
      const late = await backend.end(id, { timeoutMillis: 10_000 });
      expect(late).toEqual({ end: "finished", result: bytesOf("42") });
      bed.advance(2);
      expect(await backend.end(id, { timeoutMillis: 10_000 })).toBeUndefined();
    });

    test("that are nothing, too", async () => {
      const [id = ""] = await put(job("a"));
      await (await taken()).complete();
      const end = await backend.end(id, { timeoutMillis: 10_000 });
      expect(end).toEqual({ end: "finished", result: new Uint8Array(0) });
    });

    test.each([
      ["buried", (held: HeldJob) => held.bury({ failure: bytesOf("no") }), bytesOf("no")],
      ["deleted", (held: HeldJob) => held.discard(), undefined],
    ] as const)("and says of a job that was %s that it was", async (end, act, failure) => {
      const [id = ""] = await put(job("a"));
      const waiting = backend.end(id, { timeoutMillis: Infinity });
      await act(await taken());
      expect(await waiting).toEqual({ end, failure });
    });

    test("and waits no longer than it was told", async () => {
      const [id = ""] = await put(job("a"));
      const late = backend.end(id, { timeoutMillis: 5 });
      await expect(late).rejects.toMatchObject({ code: "HM_TIMEOUT" });
      const ending = new AbortController();
      const aborted = backend.end(id, { timeoutMillis: Infinity, signal: ending.signal });
      ending.abort(new Error("enough"));
      await expect(aborted).rejects.toThrow("enough");
      for (const none of ["999", "0", "no id", "-1", "99999999999999999999"]) {
        expect(await backend.end(none, { timeoutMillis: 10_000 })).toBeUndefined();
      }
    });
  });

  describe("completes a job and puts those that follow", () => {
    test("in one step", async () => {
      const [id = ""] = await put(job("a"));
      const next = [job("b", { tube: "next" }), job("c"), job("d", { tube: "next", priority: 1 })];
      await (await taken()).complete({ next, result: bytesOf("done") });
      expect(await backend.end(id, { timeoutMillis: 10_000 })).toMatchObject({ end: "finished" });
      expect(await listed("ready", "next")).toHaveLength(2);
      expect(await hands.done(1)).toEqual(["c"]);
    });

    test("or does nothing of it", async () => {
      const [id = ""] = await put(job("a"));
      const held = await taken();
      const next = [job("b", { tube: "next" }), job("", { body: TOO_BIG })];
      await expect(held.complete({ next })).rejects.toMatchObject({ code: "HM_JOB_TOO_BIG" });
      expect(await seen(id)).toMatchObject({ state: "held" });
      expect((await backend.stats(at("next"))).available).toBe(0);
      await held.handBack();
    });

    timed("not when the job is held by nobody any more, or anew", async () => {
      const [id = ""] = await put(job("a", { leaseMillis: 1000 }));
      const held = await taken();
      bed.advance(1.1);
      const again = await hands.next();
      const unique = { key: "c", cooldownMillis: 0 };
      const next = [job("b", { tube: "next" }), job("c", { tube: "next", unique })];
      await expect(held.complete({ next })).rejects.toMatchObject({ code: "HM_NOT_HELD" });
      expect((await backend.stats(at("next"))).available).toBe(0);
      expect(await seen(id)).toMatchObject({ state: "held", attempt: 2 });
      await again.complete({ next });
      expect((await backend.stats(at("next"))).available).toBe(2);
    });

    test("and what was refused leaves the job held, to be given back uncounted", async () => {
      const [id = ""] = await put(job("a"));
      const consumer = consume(["work"], { window: 1, take: hands.take });
      const held = await hands.next();
      const next = [job("", { body: TOO_BIG })];
      await expect(held.complete({ next })).rejects.toMatchObject({ code: "HM_JOB_TOO_BIG" });
      await consumer.close();
      expect(await seen(id)).toMatchObject({ state: "ready", attempt: 0, failures: [] });
    });

    test("as many as may, in whatever tubes", async () => {
      await put(job("a"));
      const next = Array.from({ length: NEXT_MAX }, (_, place) =>
        job("b", { tube: `next-${place % 2}` }),
      );
      await (await taken()).complete({ next });
      const [even, odd] = await Promise.all(
        [0, 1].map((half) => backend.stats(at(`next-${half}`))),
      );
      expect([even?.available, odd?.available]).toEqual([250, 249]);
    });

    test("many more than that in one tube, without the one that is there", async () => {
      const once = job("b", { tube: "next", unique: { key: "b", cooldownMillis: 0 } });
      await put(job("a"), once);
      const next = Array.from({ length: 600 }, () => job("c", { tube: "next" }));
      await (await taken()).complete({ next: [...next, once] });
      expect((await backend.stats(at("next"))).available).toBe(601);
    });

    test("and one of them that is there by its unique key is not put again", async () => {
      const once = job("b", { tube: "next", unique: { key: "b", cooldownMillis: 0 } });
      await put(job("a"), once);
      const twice = job("d", { tube: "next", unique: { key: "d", cooldownMillis: 0 } });
      await (await taken()).complete({ next: [once, job("c", { tube: "next" }), twice, twice] });
      expect(await listed("ready", "next")).toHaveLength(3);
    });
  });

  describe("knows keys:", () => {
    timed("a unique one adds one job, and none in its cooldown", async () => {
      const once = job("a", { unique: { key: "k", cooldownMillis: 5000 } });
      const [first, second] = await backend.put([once, once]);
      expect(first).toMatchObject({ isNew: true });
      expect(second).toEqual({ ...first, isNew: false });
      await (await taken()).complete();
      expect((await backend.put([once]))[0]).toEqual({ ...first, isNew: false });
      bed.advance(5.1);
      expect((await backend.put([once]))[0]).toMatchObject({ isNew: true });
    });

    test("an exclusive one lets as many run as it says, in whatever tubes", async () => {
      const exclusive = { key: at("customer"), limit: 2 };
      await put(job("a", { exclusive }), job("b", { exclusive, tube: "more" }));
      await put(job("c", { exclusive }), job("d"));
      consume(["work", "more"], { window: 9, take: hands.take });
      const held = [await hands.next(), await hands.next(), await hands.next()];
      expect(new Set(held.map(({ body }) => textOf(body)))).toEqual(new Set(["a", "b", "d"]));
      await held[0]?.complete();
      expect(await hands.done(1)).toEqual(["c"]);
    });

    test("a fair one gives each its share", async () => {
      await put(job("big1", { key: "big" }), job("big2", { key: "big" }));
      await put(job("big3", { key: "big" }), job("small", { key: "small" }));
      consume(["work"], { window: 1, take: hands.take });
      expect(await hands.done(4)).toEqual(["big1", "small", "big2", "big3"]);
    });
  });

  describe("ends jobs by itself:", () => {
    timed("one that was not run in time is set aside, and who waits is told", async () => {
      const [id = ""] = await put(job("a", { expiresMillis: 3000 }));
      const waiting = backend.end(id, { timeoutMillis: Infinity });
      await backend.status(id); // so that it is awaited by now
      bed.advance(3.1);
      expect(await waiting).toEqual({ end: "expired", failure: undefined });
      const { state, failures } = await seen(id);
      expect({ state, end: failures[0]?.end }).toEqual({ state: "buried", end: "expired" });
    });

    test("one that had all its attempts is set aside", async () => {
      const [id = ""] = await put(job("a", { attemptsMax: 2 }));
      await (await taken()).release();
      await (await hands.next()).release({ failure: bytesOf("again") });
      const { state, attempt, failures } = await seen(id);
      expect({ state, attempt, end: failures.at(-1)?.end }).toEqual({
        state: "buried",
        attempt: 2,
        end: "exhausted",
      });
    });
  });

  describe("lets whoever asks", () => {
    test("cancel a job that waits", async () => {
      const [id = ""] = await put(job("a"));
      const waiting = backend.end(id, { timeoutMillis: Infinity });
      expect(await backend.cancel(id)).toBe("cancelled");
      expect(await waiting).toEqual({ end: "cancelled", failure: undefined });
      expect(await backend.status(id)).toBeUndefined();
      expect(await backend.cancel(id)).toBe("not-found");
      expect(await backend.cancel("none")).toBe("not-found");
    });

    test("cancel a job that runs: its holder is told, and it does not come again", async () => {
      const [id = ""] = await put(job("a"));
      const held = await taken();
      const { signal } = held;
      expect(await backend.cancel(id)).toBe("signalled");
      await until("the holder is told", () => signal.aborted);
      expect(signal.reason).toMatchObject({ code: "HM_CANCELLED" });
      expect(await seen(id)).toMatchObject({ state: "held", isCancelled: true });
      await held.release();
      expect(await backend.status(id)).toBeUndefined();
    });

    test("see how far a job is", async () => {
      const [id = ""] = await put(job("a"));
      const held = await taken();
      expect((await seen(id)).progress).toBeUndefined();
      await held.progress(bytesOf("40%"));
      await held.progress(bytesOf("80%"));
      expect(textOf((await seen(id)).progress)).toBe("80%");
    });

    test("list jobs by their states, however many", async () => {
      const many = await put(...Array.from({ length: 150 }, (_, index) => job(String(index))));
      const [late = ""] = await put(job("late", { delayMillis: 60_000 }));
      const held = await taken();
      await held.bury();
      const next = await hands.next();
      expect(await listed("buried")).toEqual([held.id]);
      expect(await listed("held")).toEqual([next.id]);
      expect(await listed("delayed")).toEqual([late]);
      expect(await listed("ready")).toEqual(many.slice(2));
      expect(await listed("ready", "nothing")).toEqual([]);
    });

    test("move a job that nobody holds", async () => {
      const [id = ""] = await put(job("a"));
      expect(await backend.move(id, at("elsewhere"))).toBe(true);
      expect(await seen(id)).toMatchObject({ tube: at("elsewhere"), state: "ready" });
      expect(await backend.move("999999999", at("elsewhere"))).toBe(false);
      await backend.move(id, at("work"));
      await taken();
      expect(await backend.move(id, at("elsewhere"))).toBe(false);
    });

    test("pause a tube, one without jobs too, and resume it", async () => {
      await backend.pause(at("work"));
      await put(job("a"), job("b", { tube: "more" }));
      consume(["work", "more"], { window: 2, take: hands.take });
      expect(await hands.done(1)).toEqual(["b"]);
      expect(await listed("ready")).toHaveLength(1);
      await backend.resume(at("work"));
      expect(await hands.done(1)).toEqual(["a"]);
      await backend.resume(at("never-paused"));
    });

    test("count what there is, of a tube and of all", async () => {
      await put(job("a"), job("b"), job("c", { delayMillis: 9000 }), job("d", { tube: "more" }));
      await taken();
      expect(await backend.stats(at("work"))).toEqual({
        available: 1,
        scheduled: 1,
        active: 1,
        discarded: 0,
        workers: 1,
      });
      const all = await backend.stats(undefined);
      await put(job("e"), job("f", { tube: "most" }));
      expect(await backend.stats(undefined)).toEqual({ ...all, available: all.available + 2 });
      expect((await backend.stats(at("nothing"))).available).toBe(0);
    });
  });

  test("is durable if it says so: all is there when it comes back", async () => {
    const unique = { key: "k", cooldownMillis: 0 };
    const [a = "", b = ""] = await put(job("a", { unique }), job("b", { tube: "other" }));
    await (await taken()).release({ failure: bytesOf("no"), afterMillis: 9000 });
    const other = new Hands();
    consume(["other"], { window: 1, take: other.take });
    await (await other.next()).complete({ result: bytesOf("done"), keepMillis: 600_000 });
    consumers.length = 0;
    backend = await bed.reopen();
    const { durable } = backend.can;
    const status = await backend.status(a);
    expect(textOf(status?.body)).toBe(durable ? "a" : undefined);
    expect(textOf(status?.failures[0]?.message)).toBe(durable ? "no" : undefined);
    const end = await backend.end(b, { timeoutMillis: 10_000 });
    expect(end?.end).toBe(durable ? "finished" : undefined);
    expect((await backend.put([job("a", { unique })]))[0]).toMatchObject({ isNew: !durable });
  });

  test("takes nothing more when it is closed, and consumers are closed with it", async () => {
    const consumer = consume(["work"], { window: 1, take: hands.take });
    await put(job("a"));
    await hands.next();
    await backend.close();
    await consumer.closed;
    await backend.close();
    const [outcome] = await backend.put([job("b")]);
    expect(outcome).toMatchObject({ error: { code: "HM_CLOSED" } });
    await expect(backend.status("1")).rejects.toMatchObject({ code: "HM_CLOSED" });
    backend = await bed.reopen();
  });
});

function pick({ id, tube, attempt, isHeld }: HeldJob): Partial<HeldJob> {
  return { id, tube, attempt, isHeld };
}

function idOf(outcome: PutOutcome): string {
  if ("error" in outcome) throw outcome.error;
  return outcome.id;
}
