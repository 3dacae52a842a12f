/*
 * Loop disk: a file system of a kind of its own, in a file, that a test can fill. It needs root, a
 * loop device, and a kernel that knows the file system; where one is missing, it says which.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { right } from "../support/programs.ts";

/** How a file system is made, and what is done to it once it is mounted. */
export interface LoopKind {
  readonly name: string;
  readonly bytes: number;
  readonly make: readonly string[];
  readonly mountOptions: string;
  /** Commands; DIR in them is where it is mounted. */
  readonly after: readonly (readonly string[])[];
}

function run([program = "", ...args]: readonly string[]): void {
  execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
}

/** A mounted file system. */
export class LoopDisk {
  readonly directory: string;
  readonly #image: string;

  constructor({ bytes, make, mountOptions, after }: LoopKind) {
    right("mounts");
    const folder = mkdtempSync(join(tmpdir(), "homemaker-loop-"));
    this.#image = join(folder, "image");
    this.directory = mkdtempSync(join(tmpdir(), "homemaker-mounted-"));
    try {
      writeFileSync(this.#image, "");
      truncateSync(this.#image, bytes);
      run([...make, this.#image]);
      run(["mount", "-o", mountOptions, this.#image, this.directory]);
      for (const command of after) {
        run(command.map((word) => word.replace("DIR", this.directory)));
      }
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Bytes that are free. */
  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize;
  }

  /** Runs a command in which DIR is where it is mounted. */
  run(command: readonly string[]): void {
    run(command.map((word) => word.replace("DIR", this.directory)));
  }

  /** Unmounts it, whoever still uses it. */
  remove(): void {
    try {
      run(["umount", "--lazy", this.directory]);
    } catch (error) {
      if (!String(error).includes("not mounted")) throw error;
    }
    rmSync(this.directory, { recursive: true });
    rmSync(join(this.#image, ".."), { recursive: true });
  }
}

/** Why there can be none of this kind here; undefined when there can. */
export function whyNot(kind: LoopKind): string | undefined {
  try {
    new LoopDisk(kind).remove();
    return undefined;
  } catch (error) {
    return String(error instanceof Error ? error.message : error)
      .trim()
      .split("\n")
      .slice(-2)
      .join(" ");
  }
}
