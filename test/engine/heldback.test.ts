/* Held back: which keys and groups hold jobs of a tube back, and who is in a group, are found whole
 * and in pieces.
 */
import { expect, test } from "vitest";
import { EngineShard } from "./engine.ts";

const SECOND = 1_000_000;
const TUBE = "default";

/** A shard with one tube, and a worker that watches it. */
class Yard {
  readonly engine = EngineShard.open();
  readonly conn = this.engine.openConn(0, 1).ref;
  readonly now = 1_700_000_000 * SECOND;

  constructor() {
    this.engine.watchTube(0, this.conn, TUBE, 2);
  }

  put(tags: string, tube = TUBE): number {
    const id = this.engine.raw(0).nextId();
    const { ref } = this.engine.useTube(0, tube, 1);
    this.engine.put(0, ref, { id, ttrSeconds: 1000, tags }, this.now);
    return id;
  }

  sum(way: "keysTaken" | "groupsAwaited"): ReturnType<EngineShard["heldBack"]> {
    return this.engine.heldBack(0, way, TUBE, this.now);
  }

  listed(
    group: string,
    isWaiting: boolean,
    order: { readonly after?: number; readonly most?: number; readonly between?: () => void } = {},
  ): ReturnType<EngineShard["listGroup"]> {
    return this.engine.listGroup(0, group, isWaiting, order, this.now);
  }
}

test("keys at their limit are found, each with the jobs that it holds back, and no others", () => {
  const yard = new Yard();
  for (let key = 0; key < 1500; key++) {
    const first = yard.put(` con:k${key}`);
    yard.put(` con:k${key}`);
    if (key === 7) yard.put(" con:k7");
    if (key < 1200) yard.engine.reserveJob(0, yard.conn, first, yard.now);
  }
  const { jobs, pieces } = yard.sum("keysTaken");
  expect(pieces).toBe(2);
  expect(Object.keys(jobs)).toHaveLength(1200);
  expect([jobs["k7"], jobs["k8"], jobs["k1199"], jobs["k1200"]]).toEqual([2, 1, 1, undefined]);
});

test("groups that jobs wait for are found, each with how many do, in whatever order", () => {
  const yard = new Yard();
  const [a] = [yard.put(" grp:a"), yard.put(" grp:b", "elsewhere")];
  for (let job = 0; job < 2100; job++) yard.put(job % 3 === 0 ? " aft:a" : " aft:b");
  yard.put(" aft:nobody-is-in-it");
  expect(yard.sum("groupsAwaited")).toEqual({ jobs: { a: 700, b: 1400 }, pieces: 3 });
  yard.engine.deleteJob(0, yard.conn, a, yard.now);
  expect(yard.sum("groupsAwaited").jobs).toEqual({ b: 1400 });
});

test("who is in a group is found in any state and tube, though the table grows meanwhile", () => {
  const yard = new Yard();
  const members: number[] = [];
  const waiting: number[] = [];
  for (let round = 0; round < 1000; round++) {
    for (let other = 0; other < 3; other++) yard.put("");
    if (round % 100 === 0) members.push(yard.put(" grp:g", `tube-${round}`));
    if (round % 200 === 0) waiting.push(yard.put(" aft:g"));
  }
  yard.engine.reserveJob(0, yard.conn, members[3] ?? 0, yard.now);
  yard.engine.reserveJob(0, yard.conn, members[4] ?? 0, yard.now);
  yard.engine.bury(0, yard.conn, members[4] ?? 0, 0, yard.now);
  let isGrown = false;
  const between = (): void => {
    if (!isGrown) for (let job = 0; job < 20_000; job++) yard.put("");
    isGrown = true;
  };
  const found = yard.listed("g", false, { between });
  expect(found.ids).toEqual(members);
  expect(found.pieces).toBeGreaterThan(2);
  expect(isGrown).toBe(true);
  expect(yard.listed("g", true).ids).toEqual(waiting);
  const page = yard.listed("g", false, { after: members[1] ?? 0, most: 2 });
  expect(page.ids).toEqual(members.slice(2, 4));
  expect(yard.listed("nobody-is-in-it", false)).toEqual({ ids: [], pieces: 1 });
});
