/*
 * What every back end promises: jobs are given, once each, and ended.
 */
import { describe, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { bytesOf, Hands, pick, textOf, TOO_BIG } from "./beds.ts";
import type { Stage } from "./stage.ts";

export function suiteOfJobs(stage: Stage): void {
  const { at, can, consume, job, listed, put, seen, taken, virtual } = stage;

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
      if (can.lookup) expect(await seen(id)).toMatchObject({ state: "held", attempt: 1 });
      await held.complete({ keepMillis: 0 });
      expect(held.isHeld).toBe(false);
      await stage.expectGone(id);
    });

    test("by priority if it knows any, and else in the order in which they were put", async () => {
      const [low, normal, high] = [{ priority: 9000 }, {}, { priority: 5 }];
      await put(job("d", low), job("b", normal), job("c", normal), job("a", high));
      consume(["work"], { window: 1, take: stage.hands.take });
      expect(await stage.hands.done(4)).toEqual(
        can.priority ? ["a", "b", "c", "d"] : ["d", "b", "c", "a"],
      );
    });

    test("of the tubes that were named, and of no other", async () => {
      await put(job("x", { tube: "other" }), job("y", { tube: "default" }), job("z"));
      consume(["work", "more"], { window: 5, take: stage.hands.take });
      expect(await stage.hands.done(1)).toEqual(["z"]);
      await put(job("m", { tube: "more" }));
      expect(await stage.hands.done(1)).toEqual(["m"]);
      await stage.expectCounts({ available: 1 }, "other");
      await stage.expectCounts({ available: 1 }, "default");
    });

    test("as they come, as many at a time as the window says", async () => {
      const consumer = consume(["work"], { window: 2, take: stage.hands.take });
      await put(job("a"), job("b"), job("c"));
      const [a, b] = [await stage.hands.next(), await stage.hands.next()];
      await stage.expectCounts({ active: 2, available: 1 });
      expect((await stage.backend.stats(at("work"))).workers).toBeGreaterThan(0);
      consumer.window(0);
      await a.complete();
      await b.complete();
      await stage.expectCounts({ active: 0, available: 1 });
      expect(stage.hands.ready).toEqual([]);
      consumer.window(1);
      expect(await stage.hands.done(1)).toEqual(["c"]);
    });

    test("to one consumer each", async () => {
      const others = new Hands();
      consume(["work"], { window: 3, take: stage.hands.take });
      consume(["work"], { window: 3, take: others.take });
      await put(...Array.from({ length: 6 }, (_, index) => job(String(index))));
      await until("six are taken", () => stage.hands.ready.length + others.ready.length === 6);
      expect([...stage.hands.ready, ...others.ready].toSorted()).toEqual([
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
      ]);
    });

    test("no more when it was stopped, and those that are held may still be ended", async () => {
      await put(job("a"), job("b"));
      const consumer = consume(["work"], { window: 1, take: stage.hands.take });
      const held = await stage.hands.next();
      await consumer.stop();
      await held.complete();
      await stage.expectCounts({ available: 1, active: 0 });
      await consumer.close();
      await consumer.closed;
      expect(stage.hands.ready).toEqual([]);
    });

    test("back when a consumer is closed that holds them, uncounted where it can", async () => {
      const [id = ""] = await put(job("a"));
      const consumer = consume(["work"], { window: 1, take: stage.hands.take });
      const held = await stage.hands.next();
      await consumer.close();
      expect(held.isHeld).toBe(false);
      const attempt = can.uncharged ? 0 : 1;
      if (can.lookup) {
        expect(await seen(id)).toMatchObject({ state: "ready", attempt, failures: [] });
      }
      expect(pick(await taken())).toMatchObject({ id, attempt: attempt + 1 });
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
          return stage.hands.take(held);
        },
        troubled: ({ message }) => void troubles.push(message),
      });
      expect(pick(await stage.hands.next())).toMatchObject({ id, attempt: can.uncharged ? 1 : 3 });
      expect(troubles).toEqual(["no hands", "no head"]);
      await consumer.close();
      if (can.lookup) expect((await seen(id)).attempt).toBe(can.uncharged ? 0 : 3);
    });
  });

  describe("takes jobs", () => {
    test("in many tubes at a time, each in its own, in their order", async () => {
      const tubes = ["work", "more", "work", "most", "work"];
      const calls = [...tubes.entries()].map(([index, tube]) => put(job(`${index}`, { tube })));
      const ids = (await Promise.all(calls)).flat();
      expect(new Set(ids).size).toBe(5);
      await stage.expectCounts({ available: 1 }, "more");
      await stage.expectCounts({ available: 1 }, "most");
      if (can.listing) expect(await listed("ready", "most")).toEqual([ids[3]]);
      consume(["work"], { window: 1, take: stage.hands.take });
      expect(await stage.hands.done(3)).toEqual(["0", "2", "4"]);
    });

    test("all but those that it cannot take, and says why", async () => {
      const outcomes = await stage.backend.put([job("a"), job("", { body: TOO_BIG }), job("b")]);
      expect(outcomes.map((outcome) => "id" in outcome)).toEqual([true, false, true]);
      expect(outcomes[1]).toMatchObject({ error: { code: "HM_JOB_TOO_BIG" } });
      consume(["work"], { window: 5, take: stage.hands.take });
      expect(await stage.hands.done(2)).toEqual(["a", "b"]);
    });

    test("none when the call was ended before it began", async () => {
      const signal = AbortSignal.abort(new Error("enough"));
      await expect(stage.backend.put([job("a")], { signal })).rejects.toThrow("enough");
      await stage.expectCounts({ available: 0 });
    });

    test("of any bytes", async () => {
      const body = Uint8Array.from({ length: 1024 }, (_, index) => index % 256);
      await put(job("", { body }));
      expect((await taken()).body).toEqual(body);
    });

    virtual("that wait for their time", async () => {
      const [id = ""] = await put(job("later", { delayMillis: 1500 }));
      expect(await seen(id)).toMatchObject({ state: "delayed" });
      consume(["work"], { window: 1, take: stage.hands.take });
      stage.bed.advance(1.6);
      expect(await stage.hands.done(1)).toEqual(["later"]);
    });
  });

  describe("ends attempts", () => {
    test("that failed: the job comes again with its priority, and its error is kept where it can", async () => {
      const [id = ""] = await put(job("a", { priority: 7 }));
      const held = await taken();
      await held.release({ failure: bytesOf("no paper") });
      const again = await stage.hands.next();
      expect(pick(again)).toMatchObject({ id, attempt: 2 });
      if (can.lookup) {
        const { priority, failures } = await seen(id);
        expect(priority).toBe(7);
        expect(failures).toEqual(
          can.failures
            ? [expect.objectContaining({ attempt: 1, end: "released", at: expect.any(Date) })]
            : [],
        );
        if (can.failures) expect(textOf(failures[0]?.message)).toBe("no paper");
      }
      await again.complete();
    });

    test("with a message that is no text, which is kept as it is where it can", async () => {
      const [id = ""] = await put(job("a"));
      const message = Uint8Array.of(0, 255, 254, 13, 10, 128);
      await (await taken()).bury({ failure: message });
      await stage.expectCounts({ available: 0, active: 0 });
      if (can.failures) expect((await seen(id)).failures[0]?.message).toEqual(message);
    });

    virtual("that failed, for a while", async () => {
      const [id = ""] = await put(job("a"));
      await (await taken()).release({ afterMillis: 2500 });
      expect(await seen(id)).toMatchObject({ state: "delayed", attempt: 1 });
      stage.bed.advance(2.6);
      expect((await stage.hands.next()).attempt).toBe(2);
    });

    virtual("that were none: nothing is counted and nothing kept", async () => {
      const [id = ""] = await put(job("a"));
      await (await taken()).handBack({ afterMillis: 1000 });
      expect(await seen(id)).toMatchObject({ state: "delayed", attempt: 0, failures: [] });
      stage.bed.advance(1.1);
      expect((await stage.hands.next()).attempt).toBe(1);
    });

    test("that failed for good: the job is set aside, with its priority", async () => {
      const [id = ""] = await put(job("a", { priority: 7 }));
      await (await taken()).bury({ failure: bytesOf("never") });
      await stage.expectCounts({ available: 0, active: 0, discarded: 1 });
      if (!can.lookup) return;
      const { state, priority, failures } = await seen(id);
      expect({ state, priority }).toEqual({ state: "buried", priority: 7 });
      expect(failures[0]?.end).toBe(can.failures ? "buried" : undefined);
    });

    test("by a move to another tube, with attempts and failures where it can", async () => {
      const [id = ""] = await put(job("a"));
      await (await taken()).moveTo(at("dead"), { failure: bytesOf("bad address") });
      await stage.expectCounts({ available: 0, active: 0 });
      await stage.expectCounts({ available: 1 }, "dead");
      if (!can.move) return;
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
      await stage.expectCounts({ available: 0, active: 0, discarded: 0 });
      await stage.expectGone(id);
    });

    virtual("whose lease is over: the holder is told, and can do nothing more", async () => {
      await put(job("a", { leaseMillis: 2000 }));
      const held = await taken();
      expect(held.signal.aborted).toBe(false);
      stage.bed.advance(2.1);
      const again = await stage.hands.next();
      expect(again.attempt).toBe(2);
      expect(held.isHeld).toBe(false);
      expect(held.signal.reason).toMatchObject({ code: "HM_NOT_HELD" });
      await expect(held.complete()).rejects.toMatchObject({ code: "HM_NOT_HELD" });
      await again.complete();
    });

    virtual("later where the lease was renewed", async () => {
      await put(job("a", { leaseMillis: 2000 }));
      const held = await taken();
      for (let count = 0; count < 3; count++) {
        stage.bed.advance(1.5);
        await held.renew();
      }
      expect(held.isHeld).toBe(true);
      await held.complete();
    });
  });
}
