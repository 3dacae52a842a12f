/* BootId: the number that Linux draws at each start: while it is the same, the machine has not been
 * restarted.
 *
 * What a process wrote outlives the process, synced or not, as long as the operating system runs.
 * So a journal that was left in this boot has all that anybody was told of. Used by whoever runs a
 * committer, and by `homemaker verify`.
 */

import { readFileSync } from "node:fs";

const BOOT_ID = "/proc/sys/kernel/random/boot_id"; // Linux

/** 32 hex digits; "" where the system does not say. */
export function bootId(): string {
  try {
    const digits = readFileSync(BOOT_ID, "utf8").trim().replaceAll("-", "");
    return /^[0-9a-f]{32}$/.test(digits) ? digits : "";
  } catch {
    return ""; // another system: then ids run ahead after each kill
  }
}
