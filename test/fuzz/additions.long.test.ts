/*
 * Homemaker's own commands and tags, cut in all ways, at length.
 */
import { randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { amount } from "../support/amount.ts";
import { expectAsManyReplies, expectSameReplies } from "./any-cut.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? randomInt(2 ** 31));
const STREAMS = Number(process.env["FUZZ_STREAMS"] ?? amount({ usual: 150, thorough: 500 }));
const REPLAY = `FUZZ_SEED=${SEED} FUZZ_STREAMS=${STREAMS} npx vitest run test/fuzz/additions.long`;

test.each([
  { what: "the same replies", expectReplies: expectSameReplies },
  { what: "as many replies, with windows", expectReplies: expectAsManyReplies },
])(
  `additions get $what however the input is cut (${REPLAY})`,
  ({ expectReplies }) => {
    expect(expectReplies(SEED, STREAMS)).toHaveLength(STREAMS);
  },
  900_000,
);
