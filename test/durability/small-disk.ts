/*
 * Small disk: a file system of a few mebibytes of its own, that a test can fill. It needs root, and
 * fails loudly without.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The test cannot have a file system of its own. */
class NoSmallDiskError extends Error {
  override readonly name = "NoSmallDiskError";
  readonly code = "HM_TEST_NO_SMALL_DISK";
}

/** A mounted tmpfs. */
export class SmallDisk {
  readonly directory: string;

  /** Mounts one of so many bytes. */
  constructor(bytes: number) {
    this.directory = mkdtempSync(join(tmpdir(), "homemaker-small-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", this.directory]);
    } catch (cause) {
      rmdirSync(this.directory);
      const wanted = "a test of a full disk mounts a tmpfs: run it as root, with CAP_SYS_ADMIN";
      throw new NoSmallDiskError(wanted, { cause });
    }
  }

  /** Bytes that are free. */
  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize;
  }

  /** Mounts it again, to be read only or to be written. */
  remount(how: "ro" | "rw"): void {
    execFileSync("mount", ["-o", `remount,${how}`, this.directory]);
  }

  /** Unmounts it, whoever still uses it. */
  remove(): void {
    execFileSync("umount", ["--lazy", this.directory]);
    rmdirSync(this.directory);
  }
}
