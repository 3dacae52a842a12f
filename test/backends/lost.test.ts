/*
 * Jobs that are lost while they are held: their consumer keeps nothing of them.
 */
import { expect, test } from "vitest";
import { openEmbedded } from "../../src/embedded/embedded-backend.ts";
import type { HeldJob } from "../../src/worker/backend.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { jobOf } from "./beds.ts";

test("are forgotten", async () => {
  const clock = new VirtualClock(1_000_000_000);
  await using backend = await openEmbedded({ memory: true, clock });
  const taken: WeakRef<HeldJob>[] = [];
  const take = (held: HeldJob): void => void taken.push(new WeakRef(held));
  await using _ = backend.consume(["work"], { window: 1, take });
  await backend.put([jobOf("a", { tube: "work", leaseMillis: 1000 })]);
  for (let count = 1; count <= 10; count++) {
    await until(`it came ${count} times`, () => taken.length === count);
    clock.advance(1.1);
  }
  await until("few are kept", () => {
    collectGarbage();
    return taken.filter((held) => held.deref() !== undefined).length <= 3;
  });
  expect(taken.length).toBeGreaterThan(9);
});
