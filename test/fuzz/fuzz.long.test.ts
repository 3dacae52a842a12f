/*
 * The differential fuzz at length.
 *
 * @module-tag beanstalkd
 */
import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { amount } from "../support/amount.ts";
import { duel } from "./duel.ts";
import { BEANSTALKD, HOMEMAKER } from "./duellists.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? randomInt(2 ** 31));
const COMMANDS = Number(
  process.env["FUZZ_COMMANDS"] ?? amount({ usual: 40_000, thorough: 100_000 }),
);
const TIMEOUT_MS = 300_000;

test(
  `homemaker answers like beanstalkd (FUZZ_SEED=${SEED} FUZZ_COMMANDS=${COMMANDS})`,
  { timeout: TIMEOUT_MS },
  async () => {
    const duellists = [BEANSTALKD, HOMEMAKER] as const;
    const options = { duellists, seed: SEED, commands: COMMANDS, shrinkMs: 30_000 };
    const { report, commands } = await duel(options);
    expect(report).toBeUndefined();
    expect(commands).toBeGreaterThanOrEqual(COMMANDS);
  },
);
