/*
 * The engine's runs and the session's own commands are one server: the same input, cut anywhere,
 * gets the same answers from both.
 */
import { expect, test } from "vitest";
import * as fc from "fast-check";
import { propertiesOf } from "../support/properties.ts";
import { crowdingSteps, Duel, fillingSteps, lonelySteps, steps, windowSteps } from "./scenario.ts";
import { tubeIn, World } from "../support/session-world.ts";
import type { WorldOptions } from "../support/session-world.ts";

const holds = propertiesOf("sessions");

/** Enough on a machine that has much else to do. */
const PATIENCE_MS = 120_000;

/** What all scenarios of a test heard, so that none of it is vacuous. */
class Tally {
  streams = 0;
  bytesRun = 0;
  batchesRun = 0;
  readonly #counts = new Map<string, number>();

  add(duel: Duel): void {
    this.streams += duel.streams;
    this.bytesRun += duel.withRuns.bytesRun;
    this.batchesRun += duel.withRuns.batchesRun;
    for (const heard of duel.heard) {
      for (const [word] of heard.matchAll(/^[A-Z_]+( \d+)?(?=[ \r])/gm)) {
        const kind = word.replace(/ \d+/, " n");
        this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
      }
    }
  }

  missing(kinds: readonly string[]): readonly string[] {
    return kinds.filter((kind) => (this.#counts.get(kind) ?? 0) < 5);
  }
}

function duels(
  scenarios: fc.Arbitrary<readonly [WorldOptions, Parameters<Duel["play"]>[0]]>,
  numRuns: number,
): Tally {
  const tally = new Tally();
  holds(
    fc.property(scenarios, ([options, played]) => {
      const duel = new Duel(options);
      duel.play(played);
      tally.add(duel);
    }),
    { numRuns },
  );
  return tally;
}

const shards = fc.constantFrom(1, 4);
const maxJobBytes = fc.constantFrom(65_535, 65_535, 70_000, 100);

/*
 * What may stand behind puts: nothing, a put that uses up an id in vain, a put whose last byte
 * comes later.
 */
const REFUSED = 1;
const LATE = 2;
const ENDINGS = ["", "put 0 0 1 1\r\nabc\r\n", "put 0 0 1 1\r\na\r"];

const ORDINARY = [
  "INSERTED n",
  "RESERVED n",
  "DELETED",
  "RELEASED",
  "BURIED",
  "TOUCHED",
  "NOT_FOUND",
  "TIMED_OUT",
  "DEADLINE_SOON",
  "BAD_FORMAT",
  "UNKNOWN_COMMAND",
  "EXPECTED_CRLF",
  "JOB_TOO_BIG",
];

test(
  "with runs and without, every byte and every figure is the same",
  () => {
    const scenarios = fc.tuple(
      fc.record({ shards, limits: fc.record({ maxJobBytes }) }),
      fc.boolean().chain((drains) => steps(drains)),
    );
    const tally = duels(scenarios, 400);
    const ofBatches = ["BATCH n", "BATCH_REFUSED n"];
    expect(tally.missing([...ORDINARY, ...ofBatches, "DRAINING"])).toEqual([]);
    expect(tally.streams).toBeGreaterThan(1000);
    expect(tally.bytesRun).toBeGreaterThan(1_000_000);
    expect(tally.batchesRun).toBeGreaterThan(20);
  },
  PATIENCE_MS,
);

test(
  "with runs and without, windows are sent the same at the same moments",
  () => {
    const options = fc.record({ shards, limits: fc.record({ maxJobBytes }) });
    const tally = duels(fc.tuple(options, windowSteps), 300);
    const wanted = ["WINDOW n", "JOB n", "LOST n", "RESERVED n", "NOT_FOUND", "TIMED_OUT"];
    expect(tally.missing(wanted)).toEqual([]);
  },
  PATIENCE_MS,
);

test(
  "with runs and without, a memory that is full refuses the same jobs",
  () => {
    const scenarios = fc.tuple(
      fc.record({ shards, sparePages: fc.integer({ min: 8, max: 24 }), cannotGrow: fc.boolean() }),
      fillingSteps,
    );
    const tally = duels(scenarios, 100);
    expect(tally.missing(["INSERTED n", "RESERVED n", "DELETED", "OUT_OF_MEMORY"])).toEqual([]);
  },
  PATIENCE_MS,
);

test(
  "with runs and without, jobs are buried for want of memory for their priority",
  () => {
    const scenarios = fc.tuple(
      fc.record({
        shards,
        sparePages: fc.integer({ min: 12, max: 14 }),
        cannotGrow: fc.constant(true),
      }),
      crowdingSteps,
    );
    const tally = duels(scenarios, 24);
    expect(tally.missing(["INSERTED n", "BURIED n", "BURIED"])).toEqual([]);
  },
  PATIENCE_MS,
);

test(
  "outside the first shard too, ids have no gaps but those of jobs that were refused",
  () => {
    const name = tubeIn(2, 4);
    const endings = fc.constantFrom(0, REFUSED, LATE);
    const blocks = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), endings), { minLength: 5 });
    holds(
      fc.property(blocks, (pieces) => {
        const world = new World({ shards: 4 });
        const [one, other] = [world.connect(), world.connect()];
        one.ask(`use ${name}\r\n`);
        let last = 0;
        for (const [count, ending] of pieces) {
          const heard = one.ask("put 0 0 1 1\r\na\r\n".repeat(count) + (ENDINGS[ending] ?? ""));
          expect(idsIn(heard)).toEqual(Array.from({ length: count }, (_, at) => last + 1 + at));
          last += count;
          if (ending !== 0) last += 1;
          expect(idsIn(other.ask("put 0 0 1 1\r\nb\r\n"))).toEqual([last + 1]);
          if (ending === LATE) expect(idsIn(one.ask("\n"))).toEqual([last]);
          last += 1;
        }
      }),
      { numRuns: 60 },
    );
  },
  PATIENCE_MS,
);

function idsIn(heard: string): readonly number[] {
  return [...heard.matchAll(/INSERTED (\d+)\r\n/g)].map(([, id]) => Number(id));
}

test(
  "a turn's share of commands bounds the runs as well, and the replies are the same",
  () => {
    const scenarios = fc.tuple(
      fc.record({ shards, limits: fc.record({ commandsPerTurn: fc.integer({ min: 1, max: 9 }) }) }),
      lonelySteps,
    );
    const tally = duels(scenarios, 100);
    expect(tally.missing(["INSERTED n", "RESERVED n", "DELETED", "NOT_FOUND"])).toEqual([]);
  },
  PATIENCE_MS,
);
