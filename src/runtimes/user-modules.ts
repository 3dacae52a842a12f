/* User modules: code and JSON of the user's own, by their paths. Used by cli/main.ts for `homemaker
 * work`.
 */
import { dirname, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const EXIT_FAILED = 1;

/** What it asks for. */
export interface ImportSurroundings {
  /** Resolves when the process is told to stop: then it may end whenever it likes. */
  readonly stopped: Promise<void>;
  /** Writes a line at once. */
  readonly complain: (line: string) => void;
}

/**
 * The exports of a module; of a JSON file, its value as the default one. Rejects as `import`. If
 * the process ends meanwhile, it says why, and has the exit code of a failure.
 */
export async function importModule(
  path: string,
  { stopped, complain }: ImportSurroundings,
): Promise<Readonly<Record<string, unknown>>> {
  const { href } = pathToFileURL(resolve(path));
  const options = path.endsWith(".json") ? { with: { type: "json" } } : {};
  const ended = (why: string): void => {
    listenNoMore();
    complain(`${path} does not load: ${why}`);
    process.exitCode = EXIT_FAILED;
  };
  const exiting = (code: number): void => ended(`it ends the process, with exit code ${code}`);
  const stuck = (): void => {
    ended("an await in it never ends");
    process.exit();
  };
  const listenNoMore = (): void => {
    process.off("exit", exiting);
    process.off("beforeExit", stuck);
  };
  process.on("exit", exiting);
  process.on("beforeExit", stuck); // nothing is left that could go on
  void stopped.then(listenNoMore);
  try {
    return (await import(href, options)) as Readonly<Record<string, unknown>>;
  } finally {
    listenNoMore();
  }
}

/** A path that the file names, seen from that file. */
export function beside(file: string, path: string): string {
  return resolve(dirname(resolve(file)), path);
}
