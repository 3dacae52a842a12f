/*
 * The differential fuzz as a test: Homemaker against the real beanstalkd, and the fuzzer against
 * servers that are known to lie. fuzz.long.test.ts sends more.
 *
 * @module-tag beanstalkd
 */
import { randomInt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { duel, mismatchOf, type Duellist, type DuelOptions } from "./duel.ts";
import { BEANSTALKD, HOMEMAKER } from "./duellists.ts";
import { cutAtEveryByte } from "./every-cut.ts";
import { flipBitOfJob, lying, replaceLine } from "./lying-proxy.ts";
import { countRequests } from "./stream.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? randomInt(2 ** 31));
const COMMANDS = Number(process.env["FUZZ_COMMANDS"] ?? 20_000);

function against(subject: Duellist, options: Partial<DuelOptions>): ReturnType<typeof duel> {
  const duellists = [BEANSTALKD, subject] as const;
  return duel({ duellists, seed: SEED, commands: COMMANDS, shrinkMs: 90_000, ...options });
}

describe("the fuzzer", () => {
  test("finds no difference between beanstalkd and itself", async () => {
    const { report, commands } = await against(BEANSTALKD, { commands: 20_000 });
    expect(report).toBeUndefined();
    expect(commands).toBeGreaterThanOrEqual(20_000);
  }, 120_000);

  test("cuts input at every byte without a difference between beanstalkd and itself", async () => {
    expect(await mismatchOf(cutAtEveryByte(), [BEANSTALKD, BEANSTALKD])).toBeUndefined();
  }, 120_000);

  test("finds a reply with a wrong word and leaves out most of the stream", async () => {
    const liar = lying(BEANSTALKD, () => replaceLine("TOUCHED", "TOUCHEd"));
    // Half of a stream: how far below it comes in a given time depends on seed and machine.
    const shortEnough = 1250;
    const { report, shortest } = await against(liar, { commands: 20_000, shortEnough });
    expect(report).toContain("TOUCHEd");
    expect(report).toMatch(/FUZZ_SEED=\d+ FUZZ_COMMANDS=\d+ npm run fuzz/);
    expect(shortest && countRequests(shortest)).toBeLessThanOrEqual(shortEnough);
  }, 180_000);

  test("finds a reply with a wrong number", async () => {
    const liar = lying(BEANSTALKD, () => replaceLine("KICKED 2", "KICKED 3"));
    const { report } = await against(liar, { commands: 20_000, shrinkMs: 0 });
    expect(report).toContain("KICKED 3");
  }, 120_000);

  test("finds one altered bit in one body", async () => {
    const liar = lying(BEANSTALKD, () => flipBitOfJob(20));
    const { report } = await against(liar, { commands: 20_000, shrinkMs: 0 });
    expect(report).toContain("RESERVED");
  }, 120_000);

  test("finds a reply that is missing", async () => {
    const liar = lying(
      BEANSTALKD,
      () => (reply) => (reply.includes("NOT_IGNORED") ? Buffer.of() : reply),
    );
    const { report } = await against(liar, { commands: 20_000, shrinkMs: 0 });
    expect(report).toContain("NOT_IGNORED");
  }, 120_000);
});

describe("homemaker", () => {
  test("does not mind where its input is cut", async () => {
    const stream = cutAtEveryByte();
    expect(countRequests(stream)).toBeGreaterThan(5_000);
    expect(await mismatchOf(stream, [BEANSTALKD, HOMEMAKER])).toBeUndefined();
  }, 120_000);

  test(`answers like beanstalkd (FUZZ_SEED=${SEED} FUZZ_COMMANDS=${COMMANDS})`, async () => {
    const { report, commands } = await against(HOMEMAKER, {});
    expect(report).toBeUndefined();
    expect(commands).toBeGreaterThanOrEqual(COMMANDS);
  }, 300_000);
});
