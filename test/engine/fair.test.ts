/*
 * Fair order: which key's job is the next, compared with the rule said plainly, and with what it is
 * for. All invariants hold after each step.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { propertiesOf } from "../support/properties.ts";
import { EngineShard } from "./engine.ts";

const holds = propertiesOf("engine");
const TUBE = "jobs";
const NOW = 1_700_000_000_000_000;
const STEP = 2 ** 20;

/** What a key has, as the rule says it. */
interface Share {
  readonly key: string;
  got: number;
  served: number;
  entered: number;
  held: number;
  ready: number[];
}

/** A tube with fair order, and what its next job must be. */
class FairTube {
  readonly shard = EngineShard.open();
  readonly conn = this.shard.openConn(0, 1).ref;
  readonly tube = this.shard.useTube(0, TUBE, 1).ref;
  readonly held: number[] = [];
  readonly #shares = new Map<string, Share>();
  readonly #weights = new Map<string, number>();
  readonly #keys = new Map<number, string>();
  #served = 0;
  #entered = 0;
  #lastId = 0;

  constructor() {
    this.shard.watchTube(0, this.conn, TUBE, 1);
    this.order(C.ORDER_FAIR);
  }

  order(order: number): void {
    const values = Array.from({ length: C.SETTINGS }, () => C.AS_IT_IS);
    values[C.SETTING_ORDER] = order;
    expect(this.shard.setTube(0, TUBE, values, 1, NOW).answer).toBe("DONE");
  }

  /** Puts a job, without a key for "". */
  put(key: string, weight = 1, pri = 5): number {
    const id = ++this.#lastId;
    const tags = key === "" ? "" : ` fair:${key}:${weight}`;
    expect(this.shard.put(0, this.tube, { id, pri, tags }, NOW).answer).toBe("DONE");
    if (key !== "") this.#weights.set(key, weight);
    this.#keys.set(id, key);
    this.#stand(id);
    return id;
  }

  /** Takes a job; undefined when there is none. */
  take(): number | undefined {
    const reply = this.shard.take(0, this.conn, NOW);
    if (reply.id === undefined) return undefined;
    this.held.push(reply.id);
    return reply.id;
  }

  /** As the rule says; counts it. */
  next(): number | undefined {
    const share = this.#first();
    const id = share?.ready.shift();
    if (share === undefined || id === undefined) return undefined;
    share.held++;
    share.served = ++this.#served;
    share.got += this.#stepOf(share);
    share.entered = ++this.#entered;
    return id;
  }

  delete(id: number): void {
    expect(this.shard.deleteJob(0, this.conn, id, NOW).answer).toBe("DONE");
    const share = this.#shareOf(id);
    if (share.ready.includes(id)) {
      share.ready = share.ready.filter((one) => one !== id);
      share.entered = ++this.#entered;
    } else this.#unhold(id);
    this.#forgetIdle();
  }

  release(id: number): void {
    expect(this.shard.release(0, this.conn, id, 5, 0, NOW).answer).toBe("DONE");
    this.#unhold(id);
    this.#forgetIdle();
    this.#stand(id);
  }

  handBack(id: number): void {
    expect(this.shard.handBack(0, this.conn, id, 0, NOW).answer).toBe("DONE");
    const share = this.#shareOf(id);
    share.got = Math.max(0, share.got - this.#stepOf(share));
    if (share.ready.length > 0) share.entered = ++this.#entered;
    this.#unhold(id);
    this.#forgetIdle();
    this.#stand(id);
  }

  #unhold(id: number): void {
    this.held.splice(this.held.indexOf(id), 1);
    this.#shareOf(id).held--;
  }

  #shareOf(id: number): Share {
    const key = this.#keys.get(id) ?? "";
    const fresh = { key, got: 0, served: 0, entered: 0, held: 0, ready: [] };
    const share = this.#shares.get(key) ?? fresh;
    this.#shares.set(key, share);
    return share;
  }

  #stepOf({ key }: Share): number {
    return Math.max(1, Math.floor(STEP / (this.#weights.get(key) ?? 1)));
  }

  #first(): Share | undefined {
    return [...this.#shares.values()]
      .filter(({ ready }) => ready.length > 0)
      .toSorted((a, b) => a.got - b.got || a.served - b.served || a.entered - b.entered)[0];
  }

  #stand(id: number): void {
    const share = this.#shareOf(id);
    if (share.ready.length === 0) {
      const first = this.#first();
      const least = first === undefined ? 0 : first.got - first.held * this.#stepOf(first);
      const low = Math.max(0, least);
      share.got = Math.min(Math.max(share.got, low), low + share.held * this.#stepOf(share));
      share.entered = ++this.#entered;
    }
    share.ready = [...share.ready, id].toSorted((a, b) => a - b);
  }

  #forgetIdle(): void {
    for (const [key, { ready, held }] of this.#shares) {
      if (ready.length === 0 && held === 0) this.#shares.delete(key);
    }
  }
}

describe("fair order", () => {
  test("a key with many jobs does not hold up one with few", () => {
    const tube = new FairTube();
    for (let job = 0; job < 1000; job++) tube.put("big");
    const few = [tube.put("small"), tube.put("small"), tube.put("small")];
    const taken = Array.from({ length: 6 }, () => tube.take());
    expect(taken).toEqual(expect.arrayContaining(few));
  });

  test("what is held counts: a key that comes gets as many before the others get more", () => {
    const tube = new FairTube();
    for (let job = 0; job < 10; job++) tube.put("early");
    expect([tube.take(), tube.take(), tube.take()]).toEqual([1, 2, 3]);
    const late = [tube.put("late"), tube.put("late"), tube.put("late"), tube.put("late")];
    expect([tube.take(), tube.take(), tube.take()]).toEqual(late.slice(0, 3));
  });

  test("a key of three times the weight gets three times as many", () => {
    const tube = new FairTube();
    for (let job = 0; job < 100; job++) {
      tube.put("heavy", 3);
      tube.put("light", 1);
    }
    const taken = Array.from({ length: 80 }, () => tube.take() ?? 0);
    expect(taken.filter((id) => id % 2 === 1)).toHaveLength(60);
  });

  test("jobs without a key are one key", () => {
    const tube = new FairTube();
    for (let job = 0; job < 100; job++) tube.put("");
    const id = tube.put("a");
    expect([tube.take(), tube.take()]).toContain(id);
  });

  test("a better priority goes first, whatever its key got", () => {
    const tube = new FairTube();
    tube.put("a", 1, 7);
    const urgent = [tube.put("b", 1, 1), tube.put("b", 1, 1)];
    expect([tube.take(), tube.take(), tube.take()]).toEqual([...urgent, 1]);
  });

  test("jobs that were ready before the order was changed go first, and none is left", () => {
    const tube = new FairTube();
    tube.order(C.ORDER_PRIORITY);
    tube.put("a");
    tube.put("a");
    tube.order(C.ORDER_FAIR);
    tube.put("a");
    tube.put("b");
    expect([tube.take(), tube.take()]).toEqual([1, 2]);
    tube.order(C.ORDER_PRIORITY);
    tube.put("b");
    const rest = [tube.take(), tube.take(), tube.take()];
    expect(rest.toSorted((a = 0, b = 0) => a - b)).toEqual([3, 4, 5]);
    tube.shard.verify();
  });

  test("the next job is of the key that got least, whatever was done before", () => {
    const act = fc.record({
      what: fc.constantFrom("put", "put", "put", "take", "take", "delete", "release", "handBack"),
      key: fc.constantFrom("", "a", "b", "c"),
      weight: fc.constantFrom(1, 1, 2, 5),
      which: fc.nat(50),
    });
    const property = fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
      const tube = new FairTube();
      for (const { what, key, weight, which } of acts) {
        const held = tube.held[which % Math.max(1, tube.held.length)];
        if (what === "put") tube.put(key, weight);
        else if (what === "take") expect(tube.take()).toBe(tube.next());
        else if (held === undefined) continue;
        else if (what === "delete") tube.delete(held);
        else if (what === "release") tube.release(held);
        else tube.handBack(held);
        tube.shard.verify();
      }
    });
    holds(property);
  });
});
