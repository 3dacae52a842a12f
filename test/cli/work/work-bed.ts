/* Work bed: `homemaker work` as a user runs it: modules in a directory of their own, a process that
 * is waited for by what it prints, and ended with the test.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMAND, ENTRY } from "../../support/command.ts";
import { until } from "../../support/until.ts";

/** A directory with modules. */
export class WorkBed implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "homemaker-work-"));
  readonly #children = new Set<ChildProcess>();

  /** The path of a file in it. */
  at(name: string): string {
    return join(this.directory, name);
  }

  /** Writes a file; in a module "homemaker" is the package's entry. */
  write(name: string, text: string): string {
    writeFileSync(this.at(name), text.replaceAll('"homemaker"', JSON.stringify(ENTRY)));
    return this.at(name);
  }

  /** Starts `homemaker work` in the directory. */
  start(...argv: readonly string[]): WorkProcess {
    const { PATH = "" } = process.env;
    const child = spawn(process.execPath, [COMMAND, "work", ...argv], {
      cwd: this.directory,
      env: { PATH },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.add(child);
    return new WorkProcess(child);
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** One that runs. */
export class WorkProcess {
  /** Resolves with the exit code, and with null where a signal ended it. */
  readonly ended: Promise<number | null>;
  stdout = "";
  stderr = "";
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on("data", (chunk: Buffer) => void (this.stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => void (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve) => child.once("close", resolve));
  }

  /** Resolves with the first match in what it has printed, on either stream. */
  async says(pattern: RegExp): Promise<readonly string[]> {
    const printed = (): string => `\n${this.stdout}${this.stderr}`;
    await until(`it says ${pattern.source}`, () => pattern.test(printed()), printed);
    return pattern.exec(printed()) ?? [];
  }

  /** How often it has said so. */
  times(pattern: RegExp): number {
    return this.stdout.match(new RegExp(pattern, "g"))?.length ?? 0;
  }

  signal(name: "SIGTERM" | "SIGINT"): void {
    this.#child.kill(name);
  }
}
