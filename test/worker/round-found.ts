/* What round.ts prints where all is well, and where it lies. */
import { fileURLToPath } from "node:url";

export const ROUND = fileURLToPath(new URL("round.ts", import.meta.url));

/** 0 squared + ... + 199 squared, and what else the program finds. */
export const FOUND = {
  sum: 2_646_700,
  again: "already-there",
  isSame: true,
  last: 39_601,
  workers: 1,
};
