/* Memory cgroup: a control group of Linux that confines the processes in it to so many bytes, of
 * version 1 or 2, whichever the machine has for memory.
 *
 * Whoever makes one asks programs.ts for the right first, and must `remove` it when its processes
 * have ended.
 */
import { accessSync, constants, existsSync, mkdtempSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where groups are made, and the file in each that has its limit. */
interface CgroupKind {
  readonly folder: string;
  readonly limitFile: string;
}

const KINDS: readonly CgroupKind[] = [
  { folder: "/sys/fs/cgroup/memory", limitFile: "memory.limit_in_bytes" },
  { folder: "/sys/fs/cgroup", limitFile: "memory.max" },
];

/** Whether this process can make one. */
export function canMakeCgroup(): boolean {
  return KINDS.some(canMake);
}

/** A group. */
export class MemoryCgroup {
  readonly #folder: string;

  constructor(limitBytes: number) {
    const kind = KINDS.find(canMake);
    if (kind === undefined) throw new Error("no memory cgroup can be made");
    this.#folder = mkdtempSync(join(kind.folder, "homemaker-"));
    writeFileSync(join(this.#folder, kind.limitFile), String(limitBytes));
    const swap = join(this.#folder, "memory.swap.max");
    if (existsSync(swap)) writeFileSync(swap, "0");
  }

  /** The words before a command that is to run in the group. */
  get under(): readonly string[] {
    return ["sh", "-c", `echo $$ > ${join(this.#folder, "cgroup.procs")} && exec "$@"`, "sh"];
  }

  /** Removes it. */
  remove(): void {
    rmdirSync(this.#folder);
  }
}

/** Looks by making one: a file system may be read only, and a group without limits of memory. */
function canMake({ folder, limitFile }: CgroupKind): boolean {
  try {
    accessSync(folder, constants.W_OK);
    const made = mkdtempSync(join(folder, "homemaker-"));
    const hasLimit = existsSync(join(made, limitFile));
    rmdirSync(made);
    return hasLimit;
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}
