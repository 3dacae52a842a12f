/* Bundle: the package's JavaScript, few files in dist/lib/ in the place of each source's own: most
 * of the time that a program takes to start would go into finding and reading them.
 *
 * Invariants: all files lie side by side, two folders below build/, as the sources do, since they
 * find each other and the compiled modules by their own place. What is imported as "homemaker",
 * "homemaker/client" and so on shares its files, so a class is one class in all of them. A thread
 * that never sees a program's objects is a file of its own, read at once. Packages that are
 * dependencies stay imports; as-bind, which would bring a compiler along, goes in.
 *
 * Called by pack.ts, and by the tests' setup for the command that they start.
 */
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { rolldown } from "rolldown";
import type { InputOptions, Plugin } from "rolldown";

/** Where the package has it, from the root. */
const PACKAGED = "dist/lib/";
/** What goes in of packages that are no dependencies. */
const BUNDLED = "as-bind/";
/** The command. */
const COMMAND = "src/cli/main.ts";
/** Threads that run no code of a user's. */
const ALONE = [
  "src/runtimes/{node-thread,node-committer,handler-watch,voucher-thread}.ts",
  "src/browser/browser-{broker,committer}.ts",
];
/** What runs handlers: it shares its classes with the modules of users. */
const BESIDE = "src/runtimes/handler-{process,thread}.ts";

interface Description {
  readonly name: string;
  readonly version: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/**
 * Writes the files.
 *
 * @param root the folder of the project, with a slash at its end
 * @param folder where to, from the root, with a slash at its end
 * @throws {Error} when something does not bundle, or imports a package that is no dependency
 */
export async function bundlePackage(root: string, folder = PACKAGED): Promise<void> {
  const entries = globSync(["src/entries/*.ts", BESIDE], { cwd: root });
  await bundle(root, folder, [COMMAND, ...entries]);
  for (const path of globSync(ALONE, { cwd: root })) await bundle(root, folder, [path]);
}

async function bundle(root: string, folder: string, files: readonly string[]): Promise<void> {
  const input = Object.fromEntries(files.map((path) => [basename(path, ".ts"), root + path]));
  const made = await rolldown({ ...optionsFor(root), input });
  try {
    await made.write({
      dir: root + folder,
      format: "es",
      entryFileNames: "[name].js",
      chunkFileNames: "[name]-[hash].js",
      codeSplitting: files.length > 1,
      comments: { legal: true, annotation: false, jsdoc: false },
      minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
      keepNames: true,
    });
  } finally {
    await made.close();
  }
}

function optionsFor(root: string): InputOptions {
  const description = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as Description;
  const packages = Object.keys({ ...description.dependencies, ...description.peerDependencies });
  return {
    platform: "node",
    tsconfig: `${root}tsconfig.json`,
    external: [/^node:/, ...packages],
    plugins: [shortDescription(description), noOthersThan(packages)],
    onLog(_level, log) {
      throw new Error(log.message);
    },
  };
}

/** Refuses a package that is no dependency: nobody would have it, or its licence. */
function noOthersThan(packages: readonly string[]): Plugin {
  return {
    name: "no-others",
    resolveId(id, importer) {
      const isPackage = /^[@a-z][^:]*$/i.test(id) && !id.startsWith(BUNDLED);
      if (importer === undefined || !isPackage || packages.includes(id)) return;
      throw new Error(`${importer} imports ${id}, which is no dependency`);
    },
  };
}

/** Of package.json only what a program reads goes in. */
function shortDescription({ name, version, engines }: Description): Plugin {
  return {
    name: "short-description",
    load: {
      filter: { id: /[/\\]package\.json$/ },
      handler: () => ({
        code: JSON.stringify({ name, version, engines }),
        moduleType: "json",
      }),
    },
  };
}
