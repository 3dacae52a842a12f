/*
 * The processors that this process may use, and who gets which: the server the first, the load the
 * second, or both of them all.
 */
import { readFileSync } from "node:fs";

const ALLOWED = allowedProcessors();

/** How many there are. */
export const CORE_COUNT = Math.max(1, ALLOWED.length);
/** Where a server with one thread runs; in taskset's notation, as all of these. */
export const SERVER_CORE = String(ALLOWED[0] ?? 0);
/** Where the load runs: a core of its own if there are two. */
export const LOAD_CORE = String(ALLOWED[1] ?? SERVER_CORE);
/** Where a server with two threads runs: both, one of them shared with the load. */
export const BOTH_CORES = `${SERVER_CORE},${LOAD_CORE}`;
/** Where a server and its load run that nobody has pinned: wherever the system likes. */
export const ALL_CORES = ALLOWED.length === 0 ? SERVER_CORE : ALLOWED.join(",");
/**
 * Whether server and load have to share their core, which makes every throughput here a mixture of
 * both.
 */
export const CORE_IS_SHARED = SERVER_CORE === LOAD_CORE;

/**
 * The kernel's list for this process, such as `0-3,8`, as numbers; empty where there is no /proc.
 */
function allowedProcessors(): number[] {
  if (process.platform !== "linux") return [];
  const status = readFileSync("/proc/self/status", "latin1");
  const ranges = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1]?.split(",") ?? [];
  return ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
