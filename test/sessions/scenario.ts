/* Scenario: what a few connections send, in what pieces, and what happens meanwhile; played in two
 * worlds at once, which must agree.
 *
 * One world answers the common commands in runs of the engine, the other has the session do
 * everything. Any list of steps is a valid scenario, so that fast-check can shrink it: connections
 * are opened when first used, and jobs are named by how long ago they came.
 */
import { strictEqual } from "node:assert";
import * as fc from "fast-check";
import { SECOND, World } from "../support/session-world.ts";
import type { End, WorldOptions } from "../support/session-world.ts";

const CONNECTIONS = 4;
const TUBES = ["default", "a", "b", "c", "d"];
/** Numbers of all sorts: plain ones, the edges, and what is no number. */
const ODD_NUMBERS = [
  "00",
  "4294967295",
  "4294967296",
  "2147483647",
  "2147483648",
  "999999999",
  "1000000000",
  "999999999999999",
  "1000000000000000",
  "18446744073709551616",
  "-1",
  "+1",
  "",
  "x",
  "1x",
  " 1",
];
/** Ways to write a line almost right. */
const DAMAGES: readonly ((line: string) => string)[] = [
  (line) => line.replace("\r\n", "\n"),
  (line) => line.replace("\r\n", "\r"),
  (line) => line.replace("\r\n", " \r\n"),
  (line) => line.replace("\r\n", "\r\r\n"),
  (line) => line.replace("\r\n", "\0\r\n"),
  (line) => line.replace("\r\n", "x\r\n"),
  (line) => line.replace(" ", "  "),
  (line) => line.replace(" ", "\t"),
  (line) => line.toUpperCase(),
  (line) => line.slice(1),
  (line) => ` ${line}`,
  (line) => line.replace("\r\n", `${" ".repeat(230)}\r\n`),
];

/** A line to be written, with jobs that are named relatively. */
interface Words {
  readonly verb: string;
  /**
   * An id, told as so many before the last one given out (below zero: one yet to come), or the one
   * last reserved here.
   */
  readonly job?: number | "held";
  readonly numbers: readonly string[];
  readonly body?: { readonly bytes: number; readonly announced: number };
  /** Index of DAMAGES. */
  readonly damage?: number;
}

/** One thing that happens. */
export type Step =
  | { kind: "say"; end: number; words: readonly Words[]; cuts: readonly number[] }
  | { kind: "wait"; micros: number }
  | { kind: "drain" }
  | { kind: "shutdown"; end: number }
  | { kind: "drop"; end: number };

const plainNumber = fc.oneof(
  { weight: 6, arbitrary: fc.constant("0") },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 5 }).map(String) },
  { weight: 2, arbitrary: fc.integer({ min: 1000, max: 1050 }).map(String) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_NUMBERS) },
);
const priority = plainNumber;
const delay = fc.oneof(
  { weight: 5, arbitrary: fc.constant("0") },
  { weight: 1, arbitrary: plainNumber },
);
const job = fc.oneof(
  { weight: 3, arbitrary: fc.constant("held" as const) },
  { weight: 3, arbitrary: fc.integer({ min: -6, max: 25 }) },
);
const smallBody = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(1, 3967, 3968, 3969));
const largeBody = fc.oneof(
  fc.integer({ min: 4000, max: 70_000 }),
  fc.constantFrom(65_400, 65_440, 65_500, 65_534, 65_535, 65_536, 65_537),
);
const bodyBytes = fc.oneof(
  { weight: 20, arbitrary: smallBody },
  { weight: 1, arbitrary: largeBody },
);
const announcedBody = fc.oneof(
  { weight: 12, arbitrary: bodyBytes.map((bytes) => ({ bytes, announced: bytes })) },
  {
    weight: 1,
    arbitrary: fc.record({ bytes: fc.nat(40), announced: fc.nat(40) }),
  },
);

/** What stands behind the length of a put: mostly nothing, else tags, right and wrong ones. */
const tags = fc.oneof(
  { weight: 8, arbitrary: fc.constant([]) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom("idp:a", "idp:b", "idp:c:0", "idp:d:5", "idp:(a-Z+/;.$_9)", "idp:007:007")
      .map((tag) => [tag]),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("idp:", "idp:-a", "idp:a:", "idp:a:4294967296", "idp:a,b", "idp:a:1x", "x")
      .map((tag) => [tag]),
  },
  { weight: 1, arbitrary: fc.constant(["idp:a", "max:2"]) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ["fair:a"],
      ["fair:b:3"],
      ["con:a"],
      ["con:a:2"],
      ["con:b"],
      ["idp:a:5", "con:a:3"],
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(["con:a:0"], ["con:"], ["con:a", "con:b:2"]) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ["grp:a"],
      ["aft:a"],
      ["grp:b", "aft:a"],
      ["aft:b", "con:a"],
      ["grp:a:1"],
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("k", "*").map((key) => [`idp:${key.repeat(200)}`]) },
  { weight: 1, arbitrary: fc.constant([`idp:${"k".repeat(201)}`]) },
);
const put: fc.Arbitrary<Words> = fc
  .tuple(priority, delay, plainNumber, announcedBody, tags)
  .map(([pri, wait, ttr, what, behind]) => ({
    verb: "put",
    numbers: [pri, wait, ttr, String(what.announced), ...behind],
    body: what,
  }));
const plainPut: fc.Arbitrary<Words> = fc
  .tuple(fc.nat(3), fc.integer({ min: 1, max: 9 }), bodyBytes)
  .map(([pri, ttr, bytes]) => ({
    verb: "put",
    numbers: [String(pri), "0", String(ttr), String(bytes)],
    body: { bytes, announced: bytes },
  }));

function onJob(verb: string, ...numbers: readonly fc.Arbitrary<string>[]): fc.Arbitrary<Words> {
  return fc
    .tuple(job, fc.tuple(...numbers))
    .map(([which, told]) => ({ verb, job: which, numbers: told }));
}

/** A bury or a release with a failure message. */
const saying: fc.Arbitrary<Words> = fc
  .tuple(job, fc.boolean(), priority, delay, announcedBody)
  .map(([which, buries, pri, wait, what]) => ({
    verb: buries ? "bury" : "release",
    job: which,
    numbers: [pri, ...(buries ? [] : [wait]), String(what.announced)],
    body: what,
  }));

const noting: fc.Arbitrary<Words> = fc.tuple(job, announcedBody).map(([which, what]) => ({
  verb: "progress",
  job: which,
  numbers: [String(what.announced)],
  body: what,
}));

function alone(verb: string, ...numbers: readonly fc.Arbitrary<string>[]): fc.Arbitrary<Words> {
  return fc.tuple(...numbers).map((told) => ({ verb, numbers: told }));
}

const tube = fc.constantFrom(...TUBES, "a", "a", "-bad");
/** Mostly such that some puts are refused. */
const setting = fc.constantFrom(
  "jobs=3",
  "jobs=9",
  "jobs=",
  "bytes=4000",
  "bytes= jobs=",
  "body=90",
  "body=",
  "bytes=x",
);
const words: fc.Arbitrary<Words> = fc.oneof(
  { weight: 10, arbitrary: plainPut },
  { weight: 6, arbitrary: put },
  { weight: 1, arbitrary: alone("reserve") },
  {
    weight: 10,
    arbitrary: alone("reserve-with-timeout", fc.constantFrom("0", "0", "0", "0", "1")),
  },
  { weight: 1, arbitrary: alone("reserve-with-timeout", plainNumber) },
  { weight: 5, arbitrary: onJob("delete") },
  { weight: 5, arbitrary: onJob("release", priority, delay) },
  { weight: 3, arbitrary: onJob("bury", priority) },
  { weight: 3, arbitrary: saying },
  { weight: 1, arbitrary: onJob("peek-failure") },
  { weight: 1, arbitrary: onJob("list-failures") },
  { weight: 3, arbitrary: onJob("touch") },
  { weight: 1, arbitrary: onJob("kick-job") },
  { weight: 2, arbitrary: onJob("hand-back", delay) },
  { weight: 2, arbitrary: onJob("cancel") },
  { weight: 2, arbitrary: noting },
  { weight: 1, arbitrary: onJob("peek-progress") },
  { weight: 1, arbitrary: onJob("explain") },
  { weight: 1, arbitrary: onJob("update-job", priority) },
  { weight: 2, arbitrary: onJob("update-job", priority, delay) },
  { weight: 1, arbitrary: onJob("reserve-job") },
  { weight: 1, arbitrary: onJob("peek") },
  { weight: 1, arbitrary: onJob("stats-job") },
  { weight: 1, arbitrary: alone("kick", fc.constantFrom("1", "100", "x")) },
  { weight: 1, arbitrary: alone("peek-ready") },
  { weight: 1, arbitrary: alone("peek-buried") },
  { weight: 2, arbitrary: alone("use", tube) },
  { weight: 2, arbitrary: alone("watch", tube) },
  { weight: 2, arbitrary: alone("ignore", tube) },
  { weight: 1, arbitrary: alone("pause-tube", tube, fc.constantFrom("0", "1", "x")) },
  { weight: 1, arbitrary: alone("stats-tube", tube) },
  { weight: 1, arbitrary: alone("set-tube", tube, setting) },
  { weight: 1, arbitrary: alone("undrain") },
  { weight: 1, arbitrary: alone("peek-reserved") },
  { weight: 1, arbitrary: alone("features") },
  { weight: 1, arbitrary: alone("watch", tube, fc.constantFrom("1", "9", "0", "x")) },
  {
    weight: 1,
    arbitrary: alone("reserve-mode", fc.constantFrom("fifo", "weighted", "weighted-fair", "x")),
  },
  { weight: 1, arbitrary: alone("stats-group", fc.constantFrom("a", "b", "c", "-")) },
  {
    weight: 3,
    arbitrary: alone("reserve-batch", fc.constantFrom("1", "3", "50", "1000", "0", "x")),
  },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.nat(40).map(String), { minLength: 1, maxLength: 9 })
      .map((ids) => ({ verb: "delete-batch", numbers: ids })),
  },
  { weight: 1, arbitrary: alone("flush-tube", tube) },
  {
    weight: 1,
    arbitrary: alone(
      "list-jobs",
      tube,
      fc.constantFrom("ready", "reserved", "delayed", "buried", "x"),
      fc.nat(9).map(String),
      fc.integer({ min: 0, max: 9 }).map(String),
    ),
  },
  { weight: 1, arbitrary: alone("reservex") },
);
const damaged = fc
  .tuple(words, fc.nat(DAMAGES.length - 1))
  .map(([plain, damage]): Words => ({ ...plain, damage }));
const windowWords: fc.Arbitrary<Words> = fc.oneof(
  { weight: 12, arbitrary: words },
  { weight: 1, arbitrary: alone("window", plainNumber) },
  { weight: 1, arbitrary: alone("window", fc.constantFrom("1", "2", "9")) },
);
const maybeDamaged = fc.oneof({ weight: 24, arbitrary: words }, { weight: 1, arbitrary: damaged });

/** Deletes and puts as one batch, mostly such that all may succeed; some are another command. */
const batch = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: plainPut },
      {
        weight: 8,
        arbitrary: fc.nat(60).map((ago) => ({ verb: "delete", job: ago, numbers: [] })),
      },
      { weight: 3, arbitrary: fc.nat(4).map((ago) => ({ verb: "delete", job: ago, numbers: [] })) },
      { weight: 1, arbitrary: onJob("delete") },
      { weight: 1, arbitrary: put },
      { weight: 1, arbitrary: fc.oneof(onJob("bury", priority), alone("use", tube), damaged) },
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((all): readonly Words[] => [{ verb: "batch", numbers: [String(all.length)] }, ...all]);

/** Many jobs that are there, and then batches that delete some of them and put others. */
const batches = fc
  .tuple(fc.integer({ min: 0, max: 60 }), fc.array(batch, { minLength: 1, maxLength: 6 }))
  .map(([count, all]): readonly Words[] => [
    ...Array.from({ length: count }, () => ({
      verb: "put",
      numbers: ["0", "0", "9", "8"],
      body: { bytes: 8, announced: 8 },
    })),
    ...all.flat(),
  ]);

/** Many bodies put and then reserved at once: more replies than the output slot holds. */
const flood = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 12_000, max: 65_535 }))
  .map(([count, bytes]): readonly Words[] => [
    ...Array.from({ length: count }, () => ({
      verb: "put",
      numbers: ["0", "0", "9", String(bytes)],
      body: { bytes, announced: bytes },
    })),
    ...Array.from({ length: count + 2 }, () => ({ verb: "reserve-with-timeout", numbers: ["0"] })),
  ]);
/** So many jobs of so many priorities that a small memory is full to the last piece. */
const filling = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.nat(1000))
  .map(([share, from]): readonly Words[] =>
    [16_000, 3900, 900, 200, 8].flatMap((bytes) =>
      Array.from({ length: 16 * share }, (_, index) => ({
        verb: "put",
        numbers: [String(from + index * 7), "0", "9", String(bytes)],
        body: { bytes, announced: bytes },
      })),
    ),
  );
const cutting = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 3, arbitrary: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }) },
);
const end = fc.nat(CONNECTIONS - 1);

function say(what: fc.Arbitrary<readonly Words[]>): fc.Arbitrary<Step> {
  return fc
    .tuple(end, what, cutting)
    .map(([who, said, cut]) => ({ kind: "say", end: who, words: said, cuts: cut }));
}

const ordinary: fc.WeightedArbitrary<Step>[] = [
  { weight: 24, arbitrary: say(fc.array(maybeDamaged, { minLength: 1, maxLength: 24 })) },
  { weight: 1, arbitrary: say(flood) },
  { weight: 3, arbitrary: say(batches) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(1, 500_000, SECOND, 2 * SECOND)
      .map((micros) => ({ kind: "wait", micros })),
  },
  { weight: 1, arbitrary: end.map((which) => ({ kind: "shutdown", end: which })) },
  { weight: 2, arbitrary: end.map((which) => ({ kind: "drop", end: which })) },
];

/** Steps of clients that are sent jobs unasked. */
export const windowSteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 24, arbitrary: say(fc.array(windowWords, { minLength: 1, maxLength: 24 })) },
    ...ordinary.slice(1),
  ),
  { minLength: 4, maxLength: 24, size: "max" },
);

/** Steps for a server with memory enough; `drains`: puts may be refused from some step on. */
export function steps(drains: boolean): fc.Arbitrary<readonly Step[]> {
  const drain: fc.WeightedArbitrary<Step> = {
    weight: 1,
    arbitrary: fc.constant({ kind: "drain" }),
  };
  return fc.array(fc.oneof(...ordinary, ...(drains ? [drain] : [])), {
    minLength: 4,
    maxLength: 24,
    size: "max",
  });
}

/**
 * Steps of a single connection: of several, which is next when a turn ends would show in the ids.
 */
export const lonelySteps: fc.Arbitrary<readonly Step[]> = steps(false).map((all) =>
  all.map((step) => ("end" in step ? { ...step, end: 0 } : step)),
);

/** Steps that fill a small memory first. */
export const fillingSteps: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    say(filling),
    fc.array(fc.oneof(...ordinary), { minLength: 4, maxLength: 16, size: "max" }),
  )
  .map(([first, rest]) => [first, ...rest]);

/** A connection to each world, and the job last reserved there. */
interface Connection {
  readonly ends: readonly [End, End];
  held: number;
}

/**
 * Steps that fill a small memory with jobs of one priority, release each to a priority of its own
 * until there is no memory for another priority, and put jobs with new priorities in the place of
 * deleted ones.
 */
export const crowdingSteps: fc.Arbitrary<readonly Step[]> = fc
  .tuple(cutting, fc.integer({ min: 2000, max: 2600 }), fc.integer({ min: 1, max: 30 }))
  .map(([cut, jobs, more]) => {
    const each = Array.from({ length: jobs }, (_, index) => index);
    const put8 = (pri: number): Words => ({
      verb: "put",
      numbers: [String(pri), "0", "100", "8"],
      body: { bytes: 8, announced: 8 },
    });
    const one = (said: readonly Words[]): Step => ({ kind: "say", end: 0, words: said, cuts: cut });
    return [
      one(each.map(() => put8(0))),
      one(each.map(() => ({ verb: "reserve-with-timeout", numbers: ["0"] }))),
      one(each.map((ago) => ({ verb: "release", job: ago, numbers: [String(5 + ago), "0"] }))),
      one(each.slice(-more * 2).map((ago) => ({ verb: "delete", job: ago, numbers: [] }))),
      one(each.slice(0, more).map((index) => put8(9000 + index))),
      one([{ verb: "kick", numbers: ["40"] }]),
    ];
  });

/** Without the times of failures: the wall clocks of two worlds are not the same. */
function timeless(heard: string): string {
  return heard.replaceAll(/  at: \d+\.\d{6}\n/g, "  at: ...\n");
}

/** Two worlds and the same connections to both. */
export class Duel {
  readonly withRuns: World;
  readonly without: World;
  /** Everything that was answered, for what must have occurred. */
  readonly heard: string[] = [];
  readonly #connections = new Map<number, Connection>();
  /** What they say of their memory is to be the same, too. */
  readonly #hasSameMemory: boolean;
  #opened = 0;

  /** `worlds` are to agree; if absent, one with the engine's runs and one without. */
  constructor(options: WorldOptions, worlds?: readonly [World, World]) {
    const [one, other] = worlds ?? [
      new World({ ...options, runs: true }),
      new World({ ...options, runs: false }),
    ];
    this.withRuns = one;
    this.without = other;
    this.#hasSameMemory = worlds === undefined;
  }

  /** How many connections there have been: each was one stream of input. */
  get streams(): number {
    return this.#opened;
  }

  /** Plays the steps, and closes everything at the end. */
  play(scenario: readonly Step[]): void {
    for (const step of scenario) {
      this.#step(step);
      this.#agree();
    }
    if (this.#hasSameMemory) this.#compareStats();
    for (const { ends } of this.#connections.values()) for (const one of ends) one.drop();
    this.#settle();
    this.withRuns.verify();
    this.without.verify();
    strictEqual(this.withRuns.lastId(), this.without.lastId());
  }

  #step(step: Step): void {
    switch (step.kind) {
      case "say":
        return this.#say(step.end, step.words, step.cuts);
      case "wait":
        this.withRuns.advance(step.micros);
        return this.without.advance(step.micros);
      case "drain":
        this.withRuns.common.startDraining();
        this.without.common.startDraining();
        return;
      default:
        for (const one of this.#connection(step.end).ends) {
          if (step.kind === "drop") one.drop();
          else one.shutdown();
        }
        return this.#settle();
    }
  }

  #connection(index: number): Connection {
    const known = this.#connections.get(index);
    if (known !== undefined && !known.ends[0].isGone) return known;
    const made = { ends: [this.withRuns.connect(), this.without.connect()] as const, held: 1 };
    this.#connections.set(index, made);
    this.#opened += 1;
    this.#settle();
    return made;
  }

  #say(index: number, said: readonly Words[], cuts: readonly number[]): void {
    const connection = this.#connection(index);
    const lastId = this.withRuns.lastId();
    const input = Buffer.concat(said.map((one) => write(one, lastId, connection.held)));
    const places = [0, ...cuts.map((cut) => Math.floor(cut * input.length)), input.length];
    places.sort((a, b) => a - b);
    for (const [at, place] of places.entries()) {
      const piece = input.subarray(place, places[at + 1] ?? place);
      if (piece.length === 0) continue;
      for (const one of connection.ends) if (!one.isGone) one.say(piece);
      this.#settle();
    }
  }

  #settle(): void {
    this.withRuns.settle();
    this.without.settle();
  }

  /** What each connection heard is the same, byte for byte. */
  #agree(): void {
    for (const connection of this.#connections.values()) {
      const [one, other] = connection.ends;
      const heard = timeless(one.heard());
      strictEqual(heard, timeless(other.heard()));
      strictEqual(one.isGone, other.isGone);
      if (heard !== "") this.heard.push(heard);
      const held = [...heard.matchAll(/RESERVED (\d+) \d+\r\n/g)].at(-1)?.[1];
      if (held !== undefined) connection.held = Number(held);
    }
    strictEqual(this.withRuns.lastId(), this.without.lastId());
  }

  /** All figures, those of the commands too. */
  #compareStats(): void {
    const [one, other] = [this.withRuns.connect(), this.without.connect()];
    const question = ["stats", "list-tubes", ...TUBES.map((name) => `stats-tube ${name}`)];
    const input = question.map((line) => `${line}\r\n`).join("");
    strictEqual(one.ask(input), other.ask(input));
    one.drop();
    other.drop();
  }
}

/** The bytes of a command. */
function write(
  { verb, job: which, numbers, body: what, damage }: Words,
  lastId: number,
  held: number,
): Buffer {
  const named = which === "held" ? held : Math.max(0, lastId - (which ?? 0));
  const all = [verb, ...(which === undefined ? [] : [String(named)]), ...numbers];
  const line = `${all.join(" ")}\r\n`;
  const told = Buffer.from(
    damage === undefined ? line : (DAMAGES[damage]?.(line) ?? line),
    "latin1",
  );
  if (what === undefined) return told;
  return Buffer.concat([told, bodyOf(what.bytes), Buffer.from("\r\n")]);
}

/** Bytes that tell where they stand, with a line end and a command among them. */
function bodyOf(bytes: number): Buffer {
  const body = Buffer.alloc(bytes, `0123456789abcdefghijklmnopqrstuvwxyz${bytes}`, "latin1");
  body.write("\r\nreserve\r\n", Math.min(7, bytes), "latin1");
  return body;
}
