/*
 * The differential fuzz at length: by TCP, and by WebSockets that are framed at random and TLS.
 *
 * @module-tag beanstalkd
 * @module-tag openssl
 */
import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { amount } from "../support/amount.ts";
import { Trust } from "../support/secure-server.ts";
import { duel } from "./duel.ts";
import type { Duellist } from "./duel.ts";
import { BEANSTALKD, HOMEMAKER, homemakerBy } from "./duellists.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? randomInt(2 ** 31));
const COMMANDS = Number(
  process.env["FUZZ_COMMANDS"] ?? amount({ usual: 40_000, thorough: 100_000 }),
);
const TIMEOUT_MS = 300_000;

const BY_OTHERS = amount({ usual: 2500, thorough: 100_000 });
const { credentials } = Trust.ofFile();

async function expectAgreement(subject: Duellist, least: number): Promise<void> {
  const duellists = [BEANSTALKD, subject] as const;
  const options = { duellists, seed: SEED, commands: least, shrinkMs: 30_000 };
  const { report, commands } = await duel(options);
  expect(report).toBeUndefined();
  expect(commands).toBeGreaterThanOrEqual(least);
}

test(
  `homemaker answers like beanstalkd (FUZZ_SEED=${SEED} FUZZ_COMMANDS=${COMMANDS})`,
  { timeout: TIMEOUT_MS },
  () => expectAgreement(HOMEMAKER, COMMANDS),
);

test.each(["ws", "tls", "wss"] as const)(
  `by %s it answers so, too (FUZZ_SEED=${SEED})`,
  { timeout: TIMEOUT_MS },
  (scheme) => expectAgreement(homemakerBy(scheme, credentials), BY_OTHERS),
);
