/* What a running process has cost so far, as the kernel accounts for it: CPU time of all its
 * threads and resident memory.
 *
 * Read synchronously, so that the reading stands at one moment of the load's own clock. Linux only.
 * Called by the load programs, with the process id of the server that they drive.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Length of a clock tick in /proc/PID/stat: USER_HZ is 100 on every Linux that Node runs on. */
const TICK_MICROS = 10_000;

/**
 * CPU time that the process has used, user and system, all threads, in microseconds. Scheduler
 * statistics count nanoseconds; a kernel built without them leaves the clock ticks of
 * /proc/PID/stat.
 */
export function cpuMicros(pid: number): number {
  return schedulerMicros(pid) ?? tickMicros(pid);
}

/**
 * Resident memory of the process in bytes, shared pages included (a shared WebAssembly.Memory
 * counts as these).
 */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined)
    throw new Error(`process ${pid} has no resident memory: it has ended`);
  return Number(kibibytes) * 1024;
}

/** Sum over the living threads, or undefined where the kernel keeps no scheduler statistics. */
function schedulerMicros(pid: number): number | undefined {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const line = readThreadFile(`/proc/${pid}/task/${thread}/schedstat`);
    nanos += Number(line.split(" ", 1)[0]);
  }
  return nanos > 0 ? nanos / 1000 : undefined;
}

/**
 * A thread may end, and a kernel may lack the file, between listing and reading: both count as no
 * time.
 */
function readThreadFile(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (
      error instanceof Error &&
      "code" in error &&
      (error.code === "ENOENT" || error.code === "ESRCH")
    )
      return "0";
    throw error;
  }
}

function tickMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The second field is the program's name in parentheses and may hold spaces; user and system time
  // are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}
