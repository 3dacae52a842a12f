/* The cases of the Autobahn test suite, which is in no registry of npm, as dialogues by their
 * numbers: autobahn.txt.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { bytesOf, parseDialogues } from "./dialogue.ts";
import type { Case } from "./dialogue.ts";
import { Guest } from "./guest.ts";

const FILE = new URL("autobahn.txt", import.meta.url);
const CASES = parseDialogues(readFileSync(FILE, "utf8"));
/** What is longer is not played byte by byte. */
const SHORT_BYTES = 5000;
const SEED = seedHere();
/** What a transport delivers at most at once. */
const CHUNK_BYTES = 65_536;

const CUTS: Readonly<Record<string, (bytes: number, random: Random) => readonly number[]>> = {
  "in one piece": (bytes) => pieces(bytes, () => CHUNK_BYTES),
  "byte by byte": (bytes) => pieces(bytes, () => (bytes > SHORT_BYTES ? 997 : 1)),
  "in pieces of any length": (bytes, random) =>
    pieces(bytes, () => random.between(1, random.oneIn(2) ? 7 : 5000)),
};

function pieces(bytes: number, length: () => number): readonly number[] {
  const lengths: number[] = [];
  for (let left = bytes; left > 0; left -= lengths.at(-1) ?? 0) {
    lengths.push(Math.min(left, length()));
  }
  return lengths;
}

function expectAnswered(
  one: Case,
  cut: string,
  lengths: (bytes: number) => readonly number[],
  random: Random,
): void {
  const guest = Guest.welcome();
  const bytes = bytesOf(one.said, () => random.bytes(4));
  guest.say(bytes, ...lengths(bytes.length));
  const frames = guest.takeFrames();
  const data = Buffer.concat(
    frames.filter(({ opcode }) => opcode === 2).map(({ payload }) => payload),
  );
  const controls = frames.filter(({ opcode }) => opcode !== 2);
  // A piece that has a wrong byte in it is dropped as a whole, and what came before it is not.
  const isRight = one.isBroken
    ? everythingSaid(one).indexOf(data) === 0
    : Buffer.compare(data, one.data) === 0;
  expect({
    cut,
    isRight,
    controls: controls.map(({ opcode, payload }) => shown(opcode, payload)),
    isClosed: guest.isClosed,
    told: guest.told,
  }).toEqual({
    cut,
    isRight: true,
    controls: one.controls,
    isClosed: true,
    told: [one.isBroken ? "closed" : "ended"],
  });
}

function everythingSaid({ said }: Case): Buffer {
  return Buffer.concat(said.map(({ payload }) => payload));
}

function shown(opcode: number, payload: Buffer): string {
  if (opcode === 8) return `close ${payload.readUInt16BE()}`;
  return `${opcode === 9 ? "ping" : "pong"} ${payload.toString("hex")}`.trim();
}

test.each(CASES.map((one) => [one.number, one.title, one] as const))("%s %s", (_n, _t, one) =>
  replayable(SEED, "test/websocket/autobahn.test.ts", () => {
    for (const [cut, lengths] of Object.entries(CUTS)) {
      const random = new Random(SEED);
      expectAnswered(one, cut, (bytes) => lengths(bytes, random), random);
    }
    return Promise.resolve();
  }),
);

test("no case is there twice, and each group has its cases", () => {
  const numbers = CASES.map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  const groups = Object.groupBy(numbers, (number) => number.split(".", 1)[0] ?? "");
  expect(Object.keys(groups)).toEqual(["1", "2", "3", "4", "5", "6", "7", "9"]);
});
