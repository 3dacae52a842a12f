/* TubeLedger: counters never fall and nothing is counted twice, whatever tubes come and go. */
import { expect, test } from "vitest";
import { TubeLedger } from "../../src/server/tube-ledger.ts";

/** One count for each tube. */
const counted = (count: number): Float64Array => Float64Array.of(count);
const labelled = (tubes: Readonly<Record<number, number>>) =>
  Object.entries(tubes).map(([key, count]) => ({ key: Number(key), counts: counted(count) }));
const never = (): boolean => false;

test("without other tubes there is no rest, and each shows what it has", () => {
  const ledger = new TubeLedger(1);
  const shown = ledger.settle(counted(12), labelled({ 1: 5, 2: 7 }), never);
  expect(shown.map(([count]) => count)).toEqual([5, 7]);
  expect(ledger.others).toBeUndefined();
});

test("a tube that goes takes nothing away from the others", () => {
  const ledger = new TubeLedger(1);
  ledger.settle(counted(20), labelled({ 1: 5, 2: 7 }), never);
  expect(ledger.others?.[0]).toBe(8);
  ledger.settle(counted(21), labelled({ 2: 7 }), () => true);
  expect(ledger.others?.[0]).toBe(9); // the one that was counted after the last look at tube 1
});

test("a tube that gets a label begins with all it has, and the others keep their sum", () => {
  const ledger = new TubeLedger(1);
  ledger.settle(counted(20), labelled({ 1: 5 }), never);
  const [shown] = ledger.settle(counted(30), labelled({ 2: 18 }), () => true);
  expect(shown?.[0]).toBe(18);
  // 20 + 10 that came, less the 5 of tube 1, whose label is gone.
  expect(ledger.others?.[0]).toBe(25);
  ledger.settle(counted(40), labelled({ 2: 28 }), () => true);
  expect(ledger.others?.[0]).toBe(25);
});

test("a tube that is new begins at nothing, so what it counted is not among the others", () => {
  const ledger = new TubeLedger(1);
  ledger.settle(counted(10), labelled({ 1: 10 }), never);
  ledger.settle(counted(16), labelled({ 1: 10, 2: 6 }), (key) => key === 1);
  expect(ledger.others).toBeUndefined();
});

test("a count that is undone does not fall", () => {
  const ledger = new TubeLedger(1);
  ledger.settle(counted(10), labelled({ 1: 10 }), never);
  const [shown] = ledger.settle(counted(9), labelled({ 1: 9 }), () => true);
  expect([shown?.[0], ledger.server[0], ledger.others]).toEqual([10, 10, undefined]);
});
