/* A journal's directory in files that were opened before: its names survive what a directory's do,
 * whatever call the machine stops at, and whatever of the last writes is lost.
 */
import { expect, test, vi } from "vitest";
import { HandlePool } from "../../src/storage/handle-pool.ts";
import type { StorageFile } from "../../src/storage.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { Crash, SimulatedHandle } from "./simulated-handles.ts";

const FILE = "test/storage/handle-pool.test.ts";
const SEED = seedHere();
const LOSSES = 20;
const ONE = "one ".repeat(100);
const TWO = "two ".repeat(200);
const THREE = "three";
/** Of the text beside it: whatever has reached the disk, zeros elsewhere. */
const TORN = "torn";
/** What may be read under each name after a crash; undefined: there is no such file. */
type Allowed = Readonly<Record<string, readonly (string | undefined)[]>>;

const LEASE = {
  weakness: undefined,
  renew: () => Promise.resolve(),
  release: () => undefined,
};

/** Some files, and how many calls are left until the machine stops. */
class Machine {
  callsLeft: number;
  readonly #handles: readonly SimulatedHandle[];

  constructor(files: number, callsLeft = Infinity) {
    this.callsLeft = callsLeft;
    this.#handles = Array.from({ length: files }, () => new SimulatedHandle(() => this.#call()));
  }

  #call(): void {
    if (this.callsLeft-- <= 0) throw new Crash();
  }

  open(): HandlePool {
    return new HandlePool("jobs", this.#handles, LEASE);
  }

  /** It stops, and starts again. */
  restart(random: Random): void {
    this.callsLeft = Infinity;
    for (const handle of this.#handles) handle.lose(() => random.oneIn(2));
  }
}

function write(file: StorageFile, text: string): void {
  const bytes = new TextEncoder().encode(text);
  const half = Math.ceil(bytes.length / 2);
  expect(file.write(0, [bytes.subarray(0, half), bytes.subarray(half)])).toBe(bytes.length);
}

function made(pool: HandlePool, name: string, text: string): void {
  const file = pool.create(name);
  write(file, text);
  file.sync();
  pool.syncDirectory();
}

function read(pool: HandlePool, name: string): string | undefined {
  if (!pool.list().includes(name)) return undefined;
  const file = pool.open(name);
  const bytes = new Uint8Array(file.size);
  expect(file.read(0, bytes)).toBe(bytes.length);
  return new TextDecoder().decode(bytes);
}

/** What is done, one after the other, and what may be there if the machine stops in it. */
const STEPS: readonly (readonly [(pool: HandlePool) => void, Allowed])[] = [
  [(pool) => made(pool, "a", ONE), { a: [undefined, TORN, ONE], b: [undefined], c: [undefined] }],
  [(pool) => made(pool, "b", THREE), { a: [ONE], b: [undefined, TORN, THREE], c: [undefined] }],
  [(pool) => pool.remove("b"), { a: [ONE], b: [undefined, THREE], c: [undefined] }],
  [
    (pool) => {
      const file = pool.create("c");
      write(file, TWO);
      file.sync();
      pool.rename("c", "a");
      pool.syncDirectory();
    },
    { a: [ONE, TWO], b: [undefined], c: [undefined, TORN, TWO] },
  ],
  [
    (pool) => {
      pool.remove("a");
      pool.syncDirectory();
    },
    { a: [TWO, undefined], b: [undefined], c: [undefined] },
  ],
  [
    (pool) => made(pool, "b", THREE),
    { a: [undefined], b: [undefined, TORN, THREE], c: [undefined] },
  ],
  [(pool) => made(pool, "c", THREE), { a: [undefined], b: [THREE], c: [undefined, TORN, THREE] }],
];

/** Does it all; returns the number of the step in which the machine stopped, if it did. */
function played(machine: Machine): number | undefined {
  let at = 0;
  try {
    const pool = machine.open();
    for (const [step] of STEPS) {
      step(pool);
      at++;
    }
    return undefined;
  } catch (error) {
    if (error instanceof Error && error.cause instanceof Crash) return at;
    throw error;
  }
}

function isTornOf(text: string, whole: string | undefined): boolean {
  const isSo = (letter: string, at: number): boolean => letter === "\0" || letter === whole?.[at];
  return whole !== undefined && text.split("").every(isSo);
}

/** Looks whether each name has what it may have, and no file has lost its name. */
function expectAllowed(pool: HandlePool, allowed: Allowed): void {
  expect(Object.keys(allowed)).toEqual(expect.arrayContaining([...pool.list()]));
  for (const [name, texts] of Object.entries(allowed)) {
    const text = read(pool, name);
    const isTorn = text !== undefined && texts.includes(TORN) && isTornOf(text, texts.at(-1));
    expect([name, text, isTorn || texts.includes(text)]).toEqual([name, text, true]);
  }
}

test("at whatever call the machine stops, what was safe is there, and nothing that was removed", () =>
  replayable(SEED, FILE, async () => {
    const random = new Random(SEED);
    const stops = new Set<number>();
    for (let calls = 0; ; calls++) {
      let step: number | undefined;
      for (let loss = 0; loss < LOSSES; loss++) {
        const machine = new Machine(2, calls);
        step = played(machine);
        machine.restart(random);
        const allowed = STEPS[step ?? STEPS.length - 1]?.[1] ?? {};
        const pool = machine.open();
        expectAllowed(pool, allowed);
        // And it is a directory as before: what is opened again is the same, and can be used.
        machine.restart(random);
        const names = pool.list();
        const again = machine.open();
        expect(again.list()).toEqual(names);
        for (const name of names) again.remove(name);
        made(again, "d", ONE);
        expect(read(machine.open(), "d")).toBe(ONE);
      }
      if (step === undefined) break;
      stops.add(step);
    }
    expect(stops.size).toBe(STEPS.length);
    return Promise.resolve();
  }));

test("a name is replaced, one that is there is not made again, one that is not is not found", () => {
  const machine = new Machine(3);
  const pool = machine.open();
  made(pool, "a", ONE);
  made(pool, "b", TWO);
  expect(() => pool.create("a")).toThrow("there is a file of it");
  expect(() => pool.open("c")).toThrow("there is no such file");
  expect(() => pool.remove("")).toThrow("there is no such file");
  expect(() => pool.create("x".repeat(300))).toThrow("the name is too long");
  pool.rename("b", "a");
  expect(pool.list()).toEqual(["a"]);
  expect(read(machine.open(), "a")).toBe(TWO);
});

test("when all files have names there is no space, until one is removed or a file is added", () => {
  const machine = new Machine(1);
  const pool = machine.open();
  made(pool, "a", ONE);
  const full = expect.objectContaining({ code: "HM_STORAGE_FULL" });
  expect(() => pool.create("b")).toThrow(full);
  pool.remove("a");
  made(pool, "b", TWO);
  expect(() => pool.create("c")).toThrow(full);
  pool.add(new SimulatedHandle(() => undefined));
  made(pool, "c", THREE);
  expect(pool.list().map((name) => read(pool, name))).toEqual([TWO, THREE]);
});

test("what a quota refuses is said to be want of space, and any other failure is a failure", () => {
  const refusing = (name: string) =>
    new SimulatedHandle(() => {
      throw Object.assign(new Error("no"), { name });
    });
  const codeOf = (name: string): unknown => {
    try {
      return new HandlePool("jobs", [refusing(name)], LEASE);
    } catch (error) {
      return (error as { readonly code: string }).code;
    }
  };
  expect(codeOf("QuotaExceededError")).toBe("HM_STORAGE_FULL");
  expect(codeOf("InvalidStateError")).toBe("HM_STORAGE_FAILED");
});

test("a name for which there is no space is refused, and the one before still counts", () => {
  const handle = new SimulatedHandle(() => undefined);
  const pool = new HandlePool("jobs", [handle], LEASE);
  made(pool, "a", ONE);
  const writing = vi.spyOn(handle, "write").mockImplementation((_, { at }) => {
    return SimulatedHandle.prototype.write.call(handle, new Uint8Array(16), { at });
  });
  const full = expect.objectContaining({ code: "HM_STORAGE_FULL" });
  expect(() => pool.rename("a", "b")).toThrow(full);
  writing.mockRestore();
  const again = new HandlePool("jobs", [handle], LEASE);
  for (const one of [pool, again]) {
    expect(one.list()).toEqual(["a"]);
    expect(read(one, "a")).toBe(ONE);
  }
  again.rename("a", "b");
  expect(new HandlePool("jobs", [handle], LEASE).list()).toEqual(["b"]);
});

test("bytes without a sound name are kept, under a name that no journal has", () => {
  const handle = new SimulatedHandle(() => undefined);
  handle.write(new Uint8Array(20_000).fill(7), { at: 0 });
  const pool = new HandlePool("jobs", [handle], LEASE);
  expect(pool.list()).toEqual(["headless.0"]);
  expect(pool.free).toBe(0);
});
