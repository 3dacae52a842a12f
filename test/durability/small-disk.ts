/*
 * Small disk: a file system of a few mebibytes of its own, that a test can fill. It needs the
 * right to mount (test/support/programs.ts).
 */
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { right } from "../support/programs.ts";

const BALLAST_BYTES = Buffer.alloc(65_536);

/** A mounted tmpfs. */
export class SmallDisk {
  readonly directory: string;

  /** Mounts one of so many bytes. */
  constructor(bytes: number) {
    right("mounts");
    this.directory = mkdtempSync(join(tmpdir(), "homemaker-small-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", this.directory]);
  }

  /** Bytes that are free. */
  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize;
  }

  /** Takes all that is free. */
  fill(): void {
    try {
      for (;;) appendFileSync(this.#ballast, BALLAST_BYTES);
    } catch (error) {
      if (!String(error).includes("ENOSPC")) throw error;
    }
  }

  /** Gives back what `fill` took. */
  relieve(): void {
    rmSync(this.#ballast, { force: true });
  }

  get #ballast(): string {
    return join(this.directory, "ballast");
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
