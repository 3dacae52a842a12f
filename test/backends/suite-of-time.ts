/*
 * What takes time, of back ends whose time passes by itself: what comes late comes, and how late is
 * not asked, since a machine may be slow.
 */
import { describe, expect, test } from "vitest";
import type { HeldJob } from "../../src/worker/backend.ts";
import { until } from "../support/until.ts";
import { bytesOf, pick } from "./beds.ts";
import type { Stage } from "./stage.ts";

/** So late that no test sees it come. */
const LATE_MILLIS = 3_600_000;

export function suiteOfTime(stage: Stage): void {
  /** Completes a job, or whoever has it next: on a slow machine a short lease may be over again. */
  async function done(held: HeldJob): Promise<void> {
    try {
      await held.complete();
    } catch {
      expect(held.isHeld).toBe(false);
      await done(await stage.hands.next());
    }
  }

  const { can, consume, job, put, seen, taken } = stage;
  const { isVirtual, soonMillis: SOON_MILLIS } = stage.kind;
  if (isVirtual) return;

  describe("lets time pass:", () => {
    test("a job waits for its time, and comes then", async () => {
      await put(job("late", { delayMillis: LATE_MILLIS }), job("b", { delayMillis: SOON_MILLIS }));
      consume(["work"], { window: 2, take: stage.hands.take });
      expect(await stage.hands.done(1)).toEqual(["b"]);
      await stage.expectCounts({ available: 0, scheduled: 1, active: 0 });
    });

    test("one that failed comes again after a while", async () => {
      const [id = ""] = await put(job("a"));
      await (await taken(2)).release({ afterMillis: SOON_MILLIS, failure: bytesOf("no") });
      const again = await stage.hands.next();
      expect(pick(again)).toMatchObject({ id, attempt: 2 });
      await again.release({ afterMillis: LATE_MILLIS });
      await stage.expectCounts({ available: 0, scheduled: 1, active: 0 });
      if (can.lookup) expect(await seen(id)).toMatchObject({ state: "delayed", attempt: 2 });
    });

    test("one that was handed back comes again after a while, uncounted where it can", async () => {
      const [id = ""] = await put(job("a"));
      await (await taken(2)).handBack({ afterMillis: SOON_MILLIS });
      const attempt = can.uncharged ? 1 : 2;
      expect(pick(await stage.hands.next())).toMatchObject({ id, attempt });
    });

    if (!can.leases) return;

    test("one whose lease is over comes again, and its holder can do nothing more", async () => {
      const [id = ""] = await put(job("a", { leaseMillis: 3000 }));
      const held = await taken(2);
      const again = await stage.hands.next();
      expect(pick(again)).toMatchObject({ id, attempt: 2 });
      await expect(held.complete()).rejects.toMatchObject({ code: "HM_NOT_HELD" });
      expect(held.isHeld).toBe(false);
      expect(held.signal.reason).toMatchObject({ code: "HM_NOT_HELD" });
      await done(again);
      await stage.expectGone(id);
    });

    test("one whose lease is renewed has it anew", async () => {
      const [id = ""] = await put(job("a", { leaseMillis: LATE_MILLIS }));
      const held = await taken();
      let left = 0;
      await until("some of it has passed", async () => {
        left = (await seen(id)).leftMillis;
        return left < LATE_MILLIS - 1000;
      });
      await until("there is more of it left again", async () => {
        await held.renew();
        return (await seen(id)).leftMillis > left;
      });
      await held.complete();
    });
  });
}
