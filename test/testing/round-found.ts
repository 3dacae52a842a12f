/* What round.ts prints where all is well, and where it lies. */
import { fileURLToPath } from "node:url";

export const ROUND = fileURLToPath(new URL("round.ts", import.meta.url));

export const FOUND = { early: 0, late: 1, result: 2, inline: 42, day: 10 };
