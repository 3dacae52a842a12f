/* What round.ts prints where all is well, and where it lies. */
import { fileURLToPath } from "node:url";

export const ROUND = fileURLToPath(new URL("round.ts", import.meta.url));

/** Of a server of ours; a plain beanstalkd supports less. */
export const FOUND = {
  worked: 500,
  aborted: "AbortError",
  after: "after an abort",
  tooBig: "HM_JOB_TOO_BIG",
  isSame: true,
  late: "HM_TIMEOUT",
  missing: "HM_NOT_FOUND",
  unsupported: "HM_NOT_FOUND",
};
