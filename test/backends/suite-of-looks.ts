/*
 * What back ends let those do who ask: look, cancel, move, pause, count; and what becomes of all
 * when a back end is closed.
 */
import { describe, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { bytesOf, Hands, pick, textOf } from "./beds.ts";
import type { Stage } from "./stage.ts";

export function suiteOfLooks(stage: Stage): void {
  const { at, can, consume, job, listed, put, ready, seen, taken } = stage;

  describe("lets whoever asks", () => {
    test("count what may run", async () => {
      await put(job("a"), job("b"));
      await stage.expectCounts({ available: 2 });
      await taken();
      await stage.expectCounts({ available: 1, active: 1 });
      await stage.expectCounts({ available: 0 }, "nothing");
    });

    stage.where(can.lookup)("cancel a job that waits", async () => {
      const [id = ""] = await put(job("a"));
      const isKept = can.results === "kept";
      const waiting = isKept ? stage.backend.end(id, { timeoutMillis: Infinity }) : undefined;
      expect(await stage.backend.cancel(id)).toBe("cancelled");
      if (isKept) expect(await waiting).toEqual({ end: "cancelled", failure: undefined });
      expect(await stage.backend.status(id)).toBeUndefined();
      expect(await stage.backend.cancel(id)).toBe("not-found");
      expect(await stage.backend.cancel("none")).toBe("not-found");
    });

    stage.where(can.cancelRunning)(
      "cancel a job that runs: its holder is told, and it does not come again",
      async () => {
        const [id = ""] = await put(job("a"));
        const held = await taken();
        const { signal } = held;
        expect(await stage.backend.cancel(id)).toBe("signalled");
        await until("the holder is told", () => signal.aborted);
        expect(signal.reason).toMatchObject({ code: "HM_CANCELLED" });
        expect(await seen(id)).toMatchObject({ state: "held", isCancelled: true });
        await held.release();
        expect(await stage.backend.status(id)).toBeUndefined();
      },
    );

    stage.where(can.progress)("see how far a job is", async () => {
      const [id = ""] = await put(job("a"));
      const held = await taken();
      expect((await seen(id)).progress).toBeUndefined();
      await held.progress(bytesOf("40%"));
      await held.progress(bytesOf("80%"));
      expect(textOf((await seen(id)).progress)).toBe("80%");
    });

    stage.where(can.listing)("list jobs by their states, however many", async () => {
      const many = await put(...Array.from({ length: 150 }, (_, index) => job(String(index))));
      const [late = ""] = await put(job("late", { delayMillis: 60_000 }));
      const held = await taken();
      await held.bury();
      const next = await stage.hands.next();
      expect(await listed("buried")).toEqual([held.id]);
      expect(await listed("held")).toEqual([next.id]);
      expect(await listed("delayed")).toEqual([late]);
      expect(await listed("ready")).toEqual(many.slice(2));
      expect(await listed("ready", "nothing")).toEqual([]);
    });

    stage.where(can.move)("move a job that nobody holds", async () => {
      const [id = ""] = await put(job("a"));
      expect(await stage.backend.move(id, at("elsewhere"))).toBe(true);
      expect(await seen(id)).toMatchObject({ tube: at("elsewhere"), state: "ready" });
      expect(await stage.backend.move("999999999", at("elsewhere"))).toBe(false);
      await stage.backend.move(id, at("work"));
      await taken();
      expect(await stage.backend.move(id, at("elsewhere"))).toBe(false);
    });

    stage.where(can.retry)(
      "retry a job that is set aside, and have one run whose time has not come",
      async () => {
        const [id = "", late = ""] = await put(job("a"), job("late", { delayMillis: 60_000 }));
        await (await taken()).bury();
        await stage.expectCounts({ discarded: 1 });
        expect(await stage.backend.retry(id)).toBe(true);
        const again = await stage.hands.next();
        expect(pick(again)).toMatchObject({ id, attempt: 2 });
        expect(await stage.backend.retry(id)).toBe(false);
        await again.complete();
        expect(await stage.backend.retry(late)).toBe(true);
        expect(await stage.hands.done(1)).toEqual(["late"]);
        for (const none of ["999999999", "none"]) {
          expect(await stage.backend.retry(none)).toBe(false);
        }
      },
    );

    stage.where(can.retry && can.attemptsMax)("retry a job with all its attempts", async () => {
      const [id = ""] = await put(job("a", { attemptsMax: 2 }));
      await (await taken()).bury();
      await stage.backend.retry(id);
      await (await stage.hands.next()).release();
      await (await stage.hands.next()).release();
      expect(await seen(id)).toMatchObject({ state: "buried", attempt: 3 });
      await stage.backend.retry(id);
      await (await stage.hands.next()).release();
      expect(await stage.hands.done(1)).toEqual(["a"]);
    });

    stage.where(can.pause)("pause a tube, one without jobs too, and resume it", async () => {
      await stage.backend.pause(at("work"));
      await put(job("a"), job("b", { tube: "more" }));
      consume(["work", "more"], { window: 2, take: stage.hands.take });
      expect(await stage.hands.done(1)).toEqual(["b"]);
      await stage.expectCounts({ available: 1, active: 0 });
      await stage.backend.resume(at("work"));
      expect(await stage.hands.done(1)).toEqual(["a"]);
      await stage.backend.resume(at("never-paused"));
    });

    stage.where(can.stats === "all")("count what there is, of a tube and of all", async () => {
      await put(job("a"), job("b"), job("c", { delayMillis: 9000 }), job("d", { tube: "more" }));
      await taken();
      const { workers, ...jobs } = await stage.backend.stats(at("work"));
      expect(jobs).toEqual({ available: 1, scheduled: 1, active: 1, discarded: 0 });
      expect(workers).toBeGreaterThan(0);
      const all = await stage.backend.stats(undefined);
      await put(job("e"), job("f", { tube: "most" }));
      expect(await stage.backend.stats(undefined)).toEqual({
        ...all,
        available: all.available + 2,
      });
      expect(await ready("nothing")).toBe(0);
    });
  });

  test("is durable if it says so: all is there when it comes back", async () => {
    const { durable } = can;
    const unique = can.unique ? { key: "k", cooldownMillis: 0 } : undefined;
    const [a = "", b = ""] = await put(job("a", { unique }), job("b", { tube: "other" }));
    await (await taken()).release({ failure: bytesOf("no") });
    const other = new Hands();
    consume(["other"], { window: 1, take: other.take });
    await (await other.next()).complete({ result: bytesOf("done"), keepMillis: 600_000 });
    await stage.hands.next(); // it comes again, and is held when the back end is closed
    stage.forget();
    stage.backend = await stage.bed.reopen();
    expect(stage.backend.can).toEqual(can);
    await stage.expectCounts({ available: durable ? 1 : 0 });
    if (can.results === "kept") {
      const end = await stage.backend.end(b, { timeoutMillis: 10_000 });
      expect(end?.end).toBe(durable ? "finished" : undefined);
    }
    if (can.failures) {
      const status = await stage.backend.status(a);
      expect(textOf(status?.body)).toBe(durable ? "a" : undefined);
      expect(textOf(status?.failures[0]?.message)).toBe(durable ? "no" : undefined);
    }
    const isNew = !(durable && can.unique);
    expect((await stage.backend.put([job("a", { unique })]))[0]).toMatchObject({ isNew });
    if (durable)
      expect(pick(await taken())).toMatchObject({ id: a, attempt: can.uncharged ? 2 : 3 });
  });

  test("takes nothing more when it is closed, and consumers are closed with it", async () => {
    const consumer = consume(["work"], { window: 1, take: stage.hands.take });
    await put(job("a"));
    await stage.hands.next();
    await stage.backend.close();
    await consumer.closed;
    await stage.backend.close();
    const [outcome] = await stage.backend.put([job("b")]);
    expect(outcome).toMatchObject({ error: { code: "HM_CLOSED" } });
    await expect(stage.backend.stats(at("work"))).rejects.toMatchObject({ code: "HM_CLOSED" });
    stage.backend = await stage.bed.reopen();
  });
}
