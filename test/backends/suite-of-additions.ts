/*
 * What back ends can do besides, each as its capabilities say: results, jobs that follow, keys, and
 * jobs that end by themselves.
 */
import { describe, expect, test } from "vitest";
import { NEXT_MAX } from "../../src/worker/backend.ts";
import type { HeldJob } from "../../src/worker/backend.ts";
import { bytesOf, Hands, pick, textOf, TOO_BIG } from "./beds.ts";
import type { Stage } from "./stage.ts";

export function suiteOfAdditions(stage: Stage): void {
  const { at, can, consume, job, put, ready, seen, taken, virtual } = stage;

  describeWhere(can.results === "kept")("keeps results", () => {
    virtual("for a minute, for whoever waits and for whoever asks later", async () => {
      const [id = ""] = await put(job("6*7"));
      const waiting = stage.backend.end(id, { timeoutMillis: Infinity });
      await (await taken()).complete({ result: bytesOf("42") });
      expect(await waiting).toEqual({ end: "finished", result: bytesOf("42") });
      stage.bed.advance(59);
      const late = await stage.backend.end(id, { timeoutMillis: 10_000 });
      expect(late).toEqual({ end: "finished", result: bytesOf("42") });
      stage.bed.advance(2);
      expect(await stage.backend.end(id, { timeoutMillis: 10_000 })).toBeUndefined();
    });

    test("that are nothing, too", async () => {
      const [id = ""] = await put(job("a"));
      await (await taken()).complete();
      const end = await stage.backend.end(id, { timeoutMillis: 10_000 });
      expect(end).toEqual({ end: "finished", result: new Uint8Array(0) });
    });

    test.each([
      ["buried", (held: HeldJob) => held.bury({ failure: bytesOf("no") }), bytesOf("no")],
      ["deleted", (held: HeldJob) => held.discard(), undefined],
    ] as const)("and says of a job that was %s that it was", async (end, act, failure) => {
      const [id = ""] = await put(job("a"));
      const waiting = stage.backend.end(id, { timeoutMillis: Infinity });
      await act(await taken());
      expect(await waiting).toEqual({ end, failure });
    });

    test("and waits no longer than it was told", async () => {
      const [id = ""] = await put(job("a"));
      const late = stage.backend.end(id, { timeoutMillis: 5 });
      await expect(late).rejects.toMatchObject({ code: "HM_TIMEOUT" });
      const ending = new AbortController();
      const aborted = stage.backend.end(id, { timeoutMillis: Infinity, signal: ending.signal });
      ending.abort(new Error("enough"));
      await expect(aborted).rejects.toThrow("enough");
      for (const none of ["999", "0", "no id", "-1", "99999999999999999999"]) {
        expect(await stage.backend.end(none, { timeoutMillis: 10_000 })).toBeUndefined();
      }
    });
  });

  describe("completes a job and puts those that follow", () => {
    test("in one step where it can", async () => {
      const [id = ""] = await put(job("a"));
      const next = [job("b", { tube: "next" }), job("c"), job("d", { tube: "next", priority: 1 })];
      await (await taken()).complete({ next, result: bytesOf("done") });
      await stage.expectGone(id);
      await stage.expectCounts({ available: 2 }, "next");
      expect(await stage.hands.done(1)).toEqual(["c"]);
    });

    stage.where(can.atomicNext)("or does nothing of it", async () => {
      const [id = ""] = await put(job("a"));
      const held = await taken();
      const next = [job("b", { tube: "next" }), job("", { body: TOO_BIG })];
      await expect(held.complete({ next })).rejects.toMatchObject({ code: "HM_JOB_TOO_BIG" });
      expect(await seen(id)).toMatchObject({ state: "held" });
      expect(await ready("next")).toBe(0);
      await held.handBack();
    });

    virtual("not when the job is held by nobody any more, or anew", async () => {
      const [id = ""] = await put(job("a", { leaseMillis: 1000 }));
      const held = await taken();
      stage.bed.advance(1.1);
      const again = await stage.hands.next();
      const next = [job("b", { tube: "next" }), job("c", { tube: "next" })];
      await expect(held.complete({ next })).rejects.toMatchObject({ code: "HM_NOT_HELD" });
      expect(await ready("next")).toBe(0);
      expect(await seen(id)).toMatchObject({ state: "held", attempt: 2 });
      await again.complete({ next });
      expect(await ready("next")).toBe(2);
    });

    test("and what was refused leaves the job held, to be given back, uncounted where it can", async () => {
      const [id = ""] = await put(job("a"));
      const consumer = consume(["work"], { window: 1, take: stage.hands.take });
      const held = await stage.hands.next();
      const next = [job("", { body: TOO_BIG })];
      await expect(held.complete({ next })).rejects.toMatchObject({ code: "HM_JOB_TOO_BIG" });
      await consumer.close();
      await stage.expectCounts({ available: 1, active: 0 });
      expect(pick(await taken())).toMatchObject({ id, attempt: can.uncharged ? 1 : 2 });
    });

    test("as many as may, in whatever tubes", async () => {
      await put(job("a"));
      const next = Array.from({ length: NEXT_MAX }, (_, place) =>
        job("b", { tube: `next-${place % 2}` }),
      );
      await (await taken()).complete({ next });
      await stage.expectCounts({ available: 250 }, "next-0");
      await stage.expectCounts({ available: 249 }, "next-1");
    });

    stage.where(can.unique)(
      "many more than that in one tube, without the one that is there",
      async () => {
        const once = job("b", { tube: "next", unique: { key: "b", cooldownMillis: 0 } });
        await put(job("a"), once);
        const next = Array.from({ length: 600 }, () => job("c", { tube: "next" }));
        await (await taken()).complete({ next: [...next, once] });
        expect(await ready("next")).toBe(601);
      },
    );

    stage.where(can.unique)(
      "and one of them that is there by its unique key is not put again",
      async () => {
        const once = job("b", { tube: "next", unique: { key: "b", cooldownMillis: 0 } });
        await put(job("a"), once);
        const twice = job("d", { tube: "next", unique: { key: "d", cooldownMillis: 0 } });
        await (await taken()).complete({ next: [once, job("c", { tube: "next" }), twice, twice] });
        await stage.expectCounts({ available: 3 }, "next");
      },
    );
  });

  describeWhere(can.unique || can.exclusive || can.fair)("knows keys:", () => {
    stage.where(can.unique)(
      "a unique one adds one job, and another one when it is done",
      async () => {
        const once = job("a", { unique: { key: "k", cooldownMillis: 0 } });
        const [first, second] = await stage.backend.put([once, once]);
        expect(first).toMatchObject({ isNew: true });
        expect(second).toEqual({ ...first, isNew: false });
        const elsewhere = { ...once, tube: at("other") };
        expect((await stage.backend.put([elsewhere]))[0]).toMatchObject({ isNew: true });
        await (await taken()).complete();
        expect((await stage.backend.put([once]))[0]).toMatchObject({ isNew: true });
      },
    );

    virtual("a unique one adds one job, and none in its cooldown", async () => {
      const once = job("a", { unique: { key: "k", cooldownMillis: 5000 } });
      const [first, second] = await stage.backend.put([once, once]);
      expect(first).toMatchObject({ isNew: true });
      expect(second).toEqual({ ...first, isNew: false });
      await (await taken()).complete();
      expect((await stage.backend.put([once]))[0]).toEqual({ ...first, isNew: false });
      stage.bed.advance(5.1);
      expect((await stage.backend.put([once]))[0]).toMatchObject({ isNew: true });
    });

    stage.where(can.exclusive)(
      "an exclusive one lets as many run as it says, in whatever tubes",
      async () => {
        const exclusive = { key: at("customer"), limit: 2 };
        await put(job("a", { exclusive }), job("b", { exclusive, tube: "more" }));
        await put(job("c", { exclusive }), job("d"));
        consume(["work", "more"], { window: 9, take: stage.hands.take });
        const held = [await stage.hands.next(), await stage.hands.next(), await stage.hands.next()];
        expect(new Set(held.map(({ body }) => textOf(body)))).toEqual(new Set(["a", "b", "d"]));
        await held[0]?.complete();
        expect(await stage.hands.done(1)).toEqual(["c"]);
      },
    );

    stage.where(can.exclusive && can.listing)(
      "a job that waits for its exclusive one is ready to who looks, and may be moved or cancelled",
      async () => {
        const exclusive = { key: at("customer"), limit: 1 };
        const jobs = ["a", "b", "c", "d"].map((text) => job(text, { exclusive }));
        const [, b = "", c = "", d = ""] = await put(...jobs);
        const held = await taken();
        expect(await seen(b)).toMatchObject({ state: "ready", attempt: 0 });
        expect(await stage.listed("ready")).toEqual([b, c, d]);
        await stage.expectCounts({ available: 3, active: 1 });
        expect(await stage.backend.cancel(b)).toBe("cancelled");
        expect(await stage.backend.move(c, at("elsewhere"))).toBe(true);
        await held.complete();
        const next = await stage.hands.next();
        expect(next.id).toBe(d);
        const other = new Hands();
        consume(["elsewhere"], { window: 1, take: other.take });
        expect(await seen(c)).toMatchObject({ state: "ready", tube: at("elsewhere") });
        await next.complete();
        expect(await other.done(1)).toEqual(["c"]);
      },
    );

    stage.where(can.exclusive && can.priority)(
      "an exclusive one goes by priorities, and to the next whatever ends the attempt",
      async () => {
        const exclusive = { key: at("customer"), limit: 1 };
        const ends: ((held: HeldJob) => Promise<void>)[] = [
          (held) => held.release({ afterMillis: 60_000 }),
          (held) => held.bury(),
          (held) => held.moveTo(at("dead")),
          (held) => held.discard(),
        ];
        await put(...ends.map((_, index) => job(String(index), { exclusive })));
        let held = await taken();
        await put(job("urgent", { exclusive, priority: 1 }));
        await held.handBack();
        expect(await stage.hands.done(1)).toEqual(["urgent"]);
        for (const [index, end] of ends.entries()) {
          held = await stage.hands.next();
          expect(textOf(held.body)).toBe(String(index));
          await end(held);
        }
      },
    );

    stage.where(can.exclusive && can.fair)(
      "a job may have a fair and an exclusive one",
      async () => {
        const exclusive = { key: at("customer"), limit: 1 };
        const big = { exclusive, key: "big" };
        await put(job("big1", big), job("big2", big), job("small", { key: "small" }));
        consume(["work"], { window: 9, take: stage.hands.take });
        const held = [await stage.hands.next(), await stage.hands.next()];
        expect(held.map(({ body }) => textOf(body))).toEqual(["big1", "small"]);
        await held[1]?.complete();
        await put(job("late", { key: "late" }));
        expect(await stage.hands.done(1)).toEqual(["late"]);
        await held[0]?.handBack();
        expect(await stage.hands.done(2)).toEqual(["big1", "big2"]);
      },
    );

    stage.where(can.fair)("a fair one is had by those without one together", async () => {
      await put(job("big", { key: "big" }), job("none1"), job("none2"));
      const [none3 = ""] = await put(job("none3"), job("small", { key: "small" }));
      if (can.lookup) expect(await stage.backend.cancel(none3)).toBe("cancelled");
      consume(["work"], { window: 1, take: stage.hands.take });
      const done = await stage.hands.done(4);
      expect(new Set(done.slice(0, 3))).toEqual(new Set(["big", "none1", "small"]));
      expect(done[3]).toBe("none2");
    });

    stage.where(can.fair)("a fair one gives each its share", async () => {
      await put(job("big1", { key: "big" }), job("big2", { key: "big" }));
      await put(job("big3", { key: "big" }), job("small", { key: "small" }));
      consume(["work"], { window: 1, take: stage.hands.take });
      expect(await stage.hands.done(4)).toEqual(["big1", "small", "big2", "big3"]);
    });
  });

  describeWhere(can.expiry || can.attemptsMax)("ends jobs by itself:", () => {
    virtual("one that was not run in time is set aside, and who waits is told", async () => {
      const [id = ""] = await put(job("a", { expiresMillis: 3000 }));
      const waiting = stage.backend.end(id, { timeoutMillis: Infinity });
      await stage.backend.status(id); // so that it is awaited by now
      stage.bed.advance(3.1);
      expect(await waiting).toEqual({ end: "expired", failure: undefined });
      const { state, failures } = await seen(id);
      expect({ state, end: failures[0]?.end }).toEqual({ state: "buried", end: "expired" });
    });

    stage.where(can.attemptsMax)("one that had all its attempts is set aside", async () => {
      const [id = ""] = await put(job("a", { attemptsMax: 2 }));
      await (await taken()).release();
      await (await stage.hands.next()).release({ failure: bytesOf("again") });
      const { state, attempt, failures } = await seen(id);
      expect({ state, attempt, end: failures.at(-1)?.end }).toEqual({
        state: "buried",
        attempt: 2,
        end: "exhausted",
      });
    });
  });
}

/** A block of tests of what only some back ends can do; the refusals of others are tested too. */
function describeWhere(isAble: boolean): (name: string, tests: () => void) => void {
  return isAble ? describe : () => undefined;
}
