/*
 * What a back end cannot do it says that it cannot, and does nothing.
 */
import { describe, expect, test } from "vitest";
import type { RawJob } from "../../src/worker/backend.ts";
import { bytesOf } from "./beds.ts";
import type { Stage } from "./stage.ts";

const REFUSAL = { code: "HM_NOT_SUPPORTED" };

/** What a job may have, by what a back end must be able to do for it. */
const EXTRAS = {
  unique: { unique: { key: "k", cooldownMillis: 0 } },
  exclusive: { exclusive: { key: "k", limit: 1 } },
  fair: { key: "k" },
  expiry: { expiresMillis: 60_000 },
  attemptsMax: { attemptsMax: 3 },
} as const satisfies Readonly<Record<string, Partial<RawJob>>>;

export function suiteOfRefusals(stage: Stage): void {
  const { at, can, job, listed, put, taken } = stage;
  const missing = Object.entries(EXTRAS).filter(([what]) => !can[what as keyof typeof EXTRAS]);

  describe("refuses", () => {
    for (const [what, extra] of missing) {
      test(`a job with ${what}, and takes the others`, async () => {
        const outcomes = await stage.backend.put([job("a", extra), job("b")]);
        expect(outcomes).toEqual([
          { error: expect.objectContaining(REFUSAL) },
          { id: expect.any(String), isNew: true },
        ]);
        await stage.expectCounts({ available: 1 });
      });
    }

    test("what it has nothing for, and leaves the job as it was", async () => {
      const [id = ""] = await put(job("a"));
      const held = await taken();
      const asked: [boolean, () => Promise<unknown>][] = [
        [can.results !== "none", () => stage.backend.end(id, { timeoutMillis: 1000 })],
        [can.progress, () => held.progress(bytesOf("40%"))],
        [can.lookup, () => stage.backend.status(id)],
        [can.lookup, () => stage.backend.cancel(id)],
        [can.listing, () => listed("ready")],
        [can.move, () => stage.backend.move(id, at("other"))],
        [can.retry, () => stage.backend.retry(id)],
        [can.pause, () => stage.backend.pause(at("work"))],
        [can.pause, () => stage.backend.resume(at("work"))],
      ];
      for (const [isAble, ask] of asked) {
        if (!isAble) await expect(ask()).rejects.toMatchObject(REFUSAL);
      }
      const isDeaf = can.lookup && !can.cancelRunning;
      if (isDeaf) expect(await stage.backend.cancel(id)).toBe("not-found");
      expect(held.isHeld).toBe(true);
      await held.complete();
      await stage.expectCounts({ available: 0, active: 0 });
    });
  });
}
