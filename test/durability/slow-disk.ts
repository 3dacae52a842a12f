/*
 * Slow disk: each sync of a server that runs takes longer, or for ever, until the disk is itself
 * again. Made by strace.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "../support/programs.ts";
import { until } from "../support/until.ts";
import type { ServerWithData } from "./server-with-data.ts";

/** A tracer of one server. */
export class SlowDisk {
  readonly #tracer: ChildProcess;
  readonly #ended: Promise<unknown>;
  #told = "";

  private constructor(pid: number, syncMillis: number) {
    const inject = `inject=fdatasync:delay_enter=${syncMillis * 1000}`;
    const words = ["-f", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", inject];
    this.#tracer = spawn(program("strace"), [...words, "-p", String(pid)], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#tracer.stderr?.on("data", (chunk: Buffer) => (this.#told += chunk.toString()));
    this.#ended = new Promise((resolve) => {
      this.#tracer.once("error", (error) => {
        this.#told += error.message;
        resolve(error);
      });
      this.#tracer.once("close", resolve);
    });
  }

  /** From now on each sync takes that long. */
  static async under(server: ServerWithData, syncMillis: number): Promise<SlowDisk> {
    const disk = new SlowDisk(server.pid, syncMillis);
    const isAttached = (): boolean => disk.#told.includes("attached");
    await until("strace is attached", isAttached, () => disk.#told);
    return disk;
  }

  /**
   * The disk is as fast as ever again; a sync that waited is made, unless its process was killed
   * meanwhile.
   */
  async recover(): Promise<void> {
    this.#tracer.kill("SIGKILL"); // otherwise it would wait for a process that waits for it
    await this.#ended;
  }
}

/** Whether the operating system has these bytes in a segment of the journal, synced or not. */
export function isWritten(directory: string, bytes: Uint8Array): boolean {
  const names = readdirSync(directory).filter((name) => name.startsWith("journal."));
  return names.some((name) => readFileSync(join(directory, name)).includes(bytes));
}
