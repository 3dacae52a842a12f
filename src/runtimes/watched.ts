/* Watched: this program once more, as a process that is told to stop, and started anew, when a file
 * of the user's code has changed.
 *
 * Files are looked at again and again by their times: what tells of changes by itself loses a file
 * that an editor replaces. Used by cli/main.ts for `homemaker work --watch`.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, globSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";

/** What is run. */
export interface Watched {
  readonly program: string;
  readonly argv: readonly string[];
  /** Paths of files: the project of each is watched. */
  readonly files: readonly string[];
  /** Told, in a line, what is done. */
  readonly say: (line: string) => void;
}

const LOOK_MS = 300;
/** Code and JSON; neither what lies in node_modules nor in hidden directories. */
const CODE = "**/*.{ts,mts,cts,tsx,js,mjs,cjs,jsx,json}";
const IS_ASIDE = /^(?:node_modules$|\.)/;

/** Runs it until this process is told to stop. Resolves with the exit code of the last one. */
export async function runWatched(watched: Watched): Promise<number> {
  const { say } = watched;
  const roots = [...new Set(watched.files.map((file) => rootOf(dirname(resolve(file)))))];
  let child: ChildProcess | undefined;
  let isStopping = false;
  const toldOnce = Promise.withResolvers<void>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      isStopping = true;
      child?.kill(signal);
      toldOnce.resolve();
    });
  }
  for (;;) {
    const before = stateOf(roots);
    child = start(watched);
    const ended = endOf(child);
    const changed = await changedFrom(before, roots, () => isStopping, toldOnce.promise);
    if (changed === undefined) return ended;
    say(`${changed} changed, starting anew`);
    child.kill("SIGTERM");
    await ended;
  }
}

/** The nearest directory with a package.json, or else the one itself. */
function rootOf(directory: string): string {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, "package.json"))) return at;
    if (dirname(at) === at) return directory;
  }
}

function start({ program, argv }: Watched): ChildProcess {
  const own = "deno" in process.versions ? ["run", "--allow-all"] : process.execArgv;
  return spawn(process.execPath, [...own, program, ...argv], { stdio: "inherit" });
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((end, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => end(code ?? 0));
  });
}

/** A file that is not as it was; undefined when this process is told to stop before. */
async function changedFrom(
  before: ReadonlyMap<string, string>,
  roots: readonly string[],
  isStopping: () => boolean,
  told: Promise<void>,
): Promise<string | undefined> {
  while (!isStopping()) {
    await Promise.race([told, new Promise((look) => setTimeout(look, LOOK_MS))]);
    const now = stateOf(roots);
    const changed = [...now].find(([path, state]) => before.get(path) !== state)?.[0];
    const gone = [...before.keys()].find((path) => !now.has(path));
    if (!isStopping() && (changed ?? gone) !== undefined) return changed ?? gone;
  }
  return undefined;
}

/** When each file was written last, and how long it is. */
function stateOf(roots: readonly string[]): ReadonlyMap<string, string> {
  const state = new Map<string, string>();
  for (const root of roots) {
    const exclude = (name: string): boolean => IS_ASIDE.test(name.split("/").at(-1) ?? "");
    for (const path of globSync(CODE, { cwd: root, exclude })) {
      const stats = statSync(join(root, path), { throwIfNoEntry: false });
      if (stats !== undefined) state.set(join(root, path), `${stats.mtimeMs} ${stats.size}`);
    }
  }
  return state;
}
