/* Suite: random walks on the engine and on the model of it, as test/engine/model.test.ts has them.
 * Each walk is in a shard of its own, and so in a shared memory of its own.
 */
import { walkAtRandom } from "../../engine/walk.ts";
import type { WalksOptions } from "../../engine/walk.ts";
import { runSuite } from "./reporting.ts";

/** Walks in one check, so that a person sees how far it is. */
const WALKS = 20;
const USUAL = { short: 10, long: 2, tight: 4 } as const;
const STEPS = { short: 60, long: 300, tight: 120 } as const;
const OPTIONS: Readonly<Record<keyof typeof STEPS, Partial<WalksOptions>>> = {
  short: {},
  long: {},
  tight: { tight: true, budgetPages: 24 },
};

runSuite(async (reporting, { seed, scale }) => {
  let walks = 0;
  let refusals = 0;
  for (const kind of ["short", "long", "tight"] as const) {
    for (let round = 0; round < USUAL[kind] * scale; round++) {
      const runs = kind === "long" ? WALKS / 4 : WALKS;
      await reporting.check(`${runs} ${kind} walks from seed ${seed + round}`, () => {
        const options = { runs, steps: STEPS[kind], seed: seed + round, ...OPTIONS[kind] };
        refusals += walkAtRandom(options);
      });
      walks += runs;
      reporting.count("walks", walks);
    }
  }
  await reporting.check("where memory is short clients are refused some", () => {
    if (refusals === 0) throw new Error("nobody was refused anything");
  });
});
