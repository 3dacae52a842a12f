/*
 * A storage of which a copy is kept: what is given away, and when.
 */
import { expect, test } from "vitest";
import { segmentName } from "../../src/journal/format.ts";
import { MirroredStorage } from "../../src/journal/mirrored-storage.ts";
import { SimulatedDisk } from "../journal/simulated-disk.ts";

const [ONE, TWO] = [segmentName(1), segmentName(2)];

/** A storage, and what it has given away since that was asked last. */
function mirrored(): { storage: MirroredStorage; given: () => readonly string[] } {
  let told: string[] = [];
  const storage = new MirroredStorage(new SimulatedDisk(() => 0), (operations) => {
    told.push(...operations.map(({ kind, file }) => `${kind} ${file}`));
  });
  const given = (): readonly string[] => {
    const all = told;
    told = [];
    return all;
  };
  return { storage, given };
}

test("nothing is given away before all that was done is safe on the disk", () => {
  const { storage, given } = mirrored();
  const [one, two] = [storage.create(ONE), storage.create(TWO)];
  one.write(0, [Uint8Array.of(1)]);
  two.write(0, [Uint8Array.of(2)]);
  one.sync();
  two.sync();
  expect(given()).toEqual([]);
  storage.syncDirectory();
  expect(given()).toEqual([`create ${ONE}`, `create ${TWO}`, `write ${ONE}`, `write ${TWO}`]);
  one.write(1, [Uint8Array.of(1)]);
  two.write(1, [Uint8Array.of(2)]);
  one.sync();
  expect(given()).toEqual([]);
  two.sync();
  expect(given()).toEqual([`write ${ONE}`, `write ${TWO}`]);
  storage.remove(ONE);
  expect(given()).toEqual([]);
  storage.syncDirectory();
  expect(given()).toEqual([`remove ${ONE}`]);
  expect(storage.isClean).toBe(true);
});
