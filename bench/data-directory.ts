/* A directory for one server's data, made for one measurement, on the disk that this repository is
 * on, and gone afterwards whatever happens.
 *
 * Not the system's directory for temporary files: that may lie in memory, where a sync costs
 * nothing.
 */
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

const PARENT = join(import.meta.dirname, "../build");
const made = new Set<string>();
process.on("exit", () => {
  for (const path of made) remove(path);
});

/** One directory; it is there until it is disposed of, or the process ends. */
export class DataDirectory {
  readonly path: string;

  constructor() {
    mkdirSync(PARENT, { recursive: true });
    this.path = mkdtempSync(join(PARENT, "bench-"));
    made.add(this.path);
  }

  [Symbol.dispose](): void {
    made.delete(this.path);
    remove(this.path);
  }
}

/** Bytes that are free where directories are made. */
export function freeDiskBytes(): number {
  mkdirSync(PARENT, { recursive: true });
  const { bavail, bsize } = statfsSync(PARENT);
  return bavail * bsize;
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
