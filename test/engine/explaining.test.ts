/* Explaining: what stands before a job is counted whole, in pieces, whatever happens between. */
import { describe, expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import { EngineShard } from "./engine.ts";

const SECOND = 1_000_000;
const TUBE = "default";

/** A shard with one tube, and a worker that watches it. */
class Yard {
  readonly engine = EngineShard.open();
  readonly tube = this.engine.useTube(0, TUBE, 1).ref;
  readonly conn = this.engine.openConn(0, 1).ref;
  now = 1_700_000_000 * SECOND;

  constructor() {
    this.engine.watchTube(0, this.conn, TUBE, 2);
  }

  /** Puts so many jobs; returns their ids. */
  put(count: number, job: { pri?: number; tags?: string } = {}): number[] {
    return Array.from({ length: count }, () => {
      const id = this.engine.raw(0).nextId();
      this.engine.put(0, this.tube, { id, ttrSeconds: 1000, ...job }, this.now);
      return id;
    });
  }

  last(count: number, job: { pri?: number; tags?: string } = {}): number {
    return this.put(count, job).at(-1) ?? 0;
  }

  before(id: number, most?: number): ReturnType<EngineShard["countBefore"]> {
    return this.engine.countBefore(0, id, () => this.now, most === undefined ? {} : { most });
  }

  fact(id: number, which: number): number | undefined {
    return this.engine.explainJob(0, id, this.now).figures?.[which];
  }
}

describe("what stands before a job", () => {
  test("is counted whole, however many they are, about 1,000 of them in a piece", () => {
    const yard = new Yard();
    const id = yard.last(12_346);
    expect(yard.before(id)).toEqual({ count: 12_345, pieces: 13 });
    expect(yard.before(id, 10_001)).toEqual({ count: 10_001, pieces: 11 });
    expect(yard.before(id - 12_345)).toEqual({ count: 0, pieces: 1 });
  });

  test("has all jobs of smaller priorities, each of which takes one look", () => {
    const yard = new Yard();
    for (let pri = 0; pri < 3000; pri++) yard.put(pri === 7 ? 5000 : 1, { pri });
    const id = yard.last(1, { pri: 3000 });
    yard.put(10, { pri: 3001 });
    const found = yard.before(id);
    expect(found?.count).toBe(7999);
    expect(found?.pieces).toBeLessThanOrEqual(4);
  });

  test("has those that came back late to their place", () => {
    const yard = new Yard();
    const ids = yard.put(4000);
    for (const id of ids.slice(1, 2500)) {
      yard.engine.reserveJob(0, yard.conn, id, yard.now);
      yard.engine.release(0, yard.conn, id, 0, 0, yard.now);
    }
    expect(yard.before(ids[3999] ?? 0)?.count).toBe(3999);
    expect(yard.before(ids[2000] ?? 0)?.count).toBe(2000);
    yard.engine.verify();
  });

  test("has those that wait for their key's first, but none of a key that is taken", () => {
    const yard = new Yard();
    yard.put(1500, { tags: " con:a" });
    const [own = 0] = yard.put(1, { tags: " con:b" });
    yard.put(1500, { tags: " con:b" });
    const plain = yard.last(10);
    expect(yard.before(plain)?.count).toBe(1500 + 1501 + 9);
    expect(yard.engine.take(0, yard.conn, yard.now).id).toBe(1);
    expect(yard.engine.take(0, yard.conn, yard.now).id).toBe(own);
    expect(yard.engine.take(0, yard.conn, yard.now).id).toBe(plain - 9);
    expect(yard.before(plain)?.count).toBe(8);
    expect(yard.before(own + 1500)?.count).toBe(1499);
  });

  test("has in fair order only those of its own key within a priority", () => {
    const yard = new Yard();
    const values = Array.from({ length: C.SETTINGS }, () => C.AS_IT_IS);
    values[C.SETTING_ORDER] = C.ORDER_FAIR;
    yard.engine.setTube(0, TUBE, values, 1, yard.now);
    yard.put(20, { pri: 4, tags: " fair:x" });
    yard.put(1000, { pri: 5, tags: " fair:x" });
    const id = yard.last(3, { pri: 5, tags: " fair:y" });
    expect(yard.before(id)?.count).toBe(22);
  });

  test("is counted anew when the job at which the count was has gone, and comes to an end", () => {
    const yard = new Yard();
    const ids = yard.put(5001);
    const gone = ids.slice(900, 1100);
    const found = yard.engine.countBefore(0, ids.at(-1) ?? 0, () => yard.now, {
      between: () => {
        for (const id of gone.splice(0)) yard.engine.deleteJob(0, yard.conn, id, yard.now);
      },
    });
    expect(found?.count).toBe(4800);
    expect(gone).toEqual([]);
  });

  test("cannot be counted of a job that is not ready since then", () => {
    const yard = new Yard();
    const [id = 0] = yard.put(2);
    yard.engine.reserveJob(0, yard.conn, id, yard.now);
    expect(yard.before(id)).toBeUndefined();
  });
});

describe("who holds a key", () => {
  test("is found in pieces among all that is held", () => {
    const yard = new Yard();
    const others = yard.put(2500);
    const ids = yard.put(4, { tags: " con:a:3" });
    for (const id of [...others, ...ids.slice(0, 3)]) {
      yard.now += 1;
      yard.engine.reserveJob(0, yard.conn, id, yard.now);
    }
    const slot = yard.fact(ids[3] ?? 0, L.FACT_KEY_SLOT) ?? 0;
    expect(slot).toBeGreaterThan(0);
    expect(yard.engine.keyHolders(0, slot, 20, () => yard.now)).toEqual({
      ids: ids.slice(0, 3),
      pieces: 3,
    });
    expect(yard.engine.keyHolders(0, slot, 2, () => yard.now).ids).toEqual(ids.slice(0, 2));
    expect(yard.engine.keyHolders(0, slot + 1, 20, () => yard.now).ids).toEqual([]);
  });
});
