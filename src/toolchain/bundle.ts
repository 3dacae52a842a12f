/* Bundle: the package's JavaScript, few files in dist/lib/ in the place of each source's own: most
 * of the time that a program takes to start would go into finding and reading them.
 *
 * Invariants: all files lie side by side, two folders below build/, as the sources do, since they
 * find each other and the compiled modules by their own place. What is imported as "homemaker",
 * "homemaker/client" and so on shares its files, so a class is one class in all of them. What never
 * sees a program's objects, the server and its threads, is a few files each with all that it loads
 * at once. Packages that are dependencies stay imports; as-bind, which would bring a compiler
 * along, goes in.
 *
 * Called by pack.ts, and by the tests' setup for the command that they start.
 */
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { rolldown } from "rolldown";
import type { ChunkingContext, CodeSplittingGroup, CodeSplittingOptions, Plugin } from "rolldown";
import {
  noOthersThan,
  ofNode,
  shortDescription,
  startsNothing,
  staysApart,
} from "./bundle-plugins.ts";
import type { Description } from "./bundle-plugins.ts";

/** Where the package has it, from the root. */
const PACKAGED = "dist/lib/";
/** What runs no code of a user's: the beginning of the command, the server, and threads. */
const ALONE = [
  "src/cli/{main,server-command}.ts",
  "src/runtimes/{node-thread,node-committer,node-replicator,handler-watch,voucher-thread}.ts",
];
/** What the command runs that is no server. */
const SUBCOMMAND = "src/cli/subcommand.ts";
/** What users import, and what imports modules of theirs. */
const TOGETHER = ["src/entries/*.ts", SUBCOMMAND, "src/runtimes/handler-{process,thread}.ts"];
/** A package that the server's file has in it: read by itself it takes as long as all the rest. */
const COMMAND_LINE = "commander";
/**
 * How much source goes into one of the parts of what is loaded at once. V8 takes nearly ten times
 * the size of a file while it compiles it, and the process keeps that: 3 MB in each thread where
 * all is in one file. Reading some more files takes no time that one could measure.
 */
const PART_BYTES = 120_000;
/** Threads in a page, where a file costs a request. */
const IN_PAGES = "src/browser/browser-{broker,committer}.ts";

/** What is bundled how, and where to. */
interface Bundle {
  /** Whole paths. */
  readonly entries: readonly string[];
  readonly plugins: readonly Plugin[];
  readonly external: readonly (string | RegExp)[];
  readonly codeSplitting: boolean | CodeSplittingOptions;
}

/**
 * Writes the files.
 *
 * @param root the folder of the project, with a slash at its end
 * @param folder where to, from the root, with a slash at its end
 * @throws {Error} when something does not bundle, or imports a package that is no dependency
 */
export async function bundlePackage(root: string, folder = PACKAGED): Promise<void> {
  const description = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as Description;
  const packages = Object.keys({ ...description.dependencies, ...description.peerDependencies });
  const paths = (patterns: string | readonly string[]): readonly string[] =>
    globSync(patterns, { cwd: root }).map((path) => root + path);
  const alone = paths(ALONE);
  const together = paths(TOGETHER);
  const plugins = [
    shortDescription(description),
    staysApart([...alone, ...paths(SUBCOMMAND)]),
    noOthersThan(packages),
  ];
  const external = [/^node:/, ...packages];
  const write = (bundle: Bundle): Promise<void> => writeBundle(bundle, root, root + folder);
  await write({ entries: together, plugins, external, codeSplitting: true });
  for (const entry of alone) {
    await write({
      entries: [entry],
      plugins: [startsNothing(), ofNode(), ...plugins],
      external: packages.filter((name) => name !== COMMAND_LINE),
      codeSplitting: { groups: [atOnce(entry)] },
    });
  }
  for (const entry of paths(IN_PAGES)) {
    await write({ entries: [entry], plugins, external, codeSplitting: false });
  }
}

async function writeBundle(bundle: Bundle, root: string, dir: string): Promise<void> {
  const { entries, plugins, external, codeSplitting } = bundle;
  const made = await rolldown({
    input: Object.fromEntries(entries.map((path) => [basename(path, ".ts"), path])),
    platform: "node",
    tsconfig: `${root}tsconfig.json`,
    external: [...external],
    plugins: [...plugins],
    onLog(_level, log) {
      throw new Error(log.message);
    },
  });
  try {
    await made.write({
      dir,
      format: "es",
      entryFileNames: "[name].js",
      chunkFileNames: "[name]-[hash].js",
      codeSplitting,
      charset: "ascii", // with one other letter V8 keeps two bytes for each
      comments: { legal: true, annotation: false, jsdoc: false },
      minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
      keepNames: true,
    });
  } finally {
    await made.close();
  }
}

/**
 * What `entry` loads at once, as a few files. What it may load later lies apart: in one file with
 * it, that would load all that it imports itself, whenever the entry starts.
 */
function atOnce(entry: string): CodeSplittingGroup {
  const name = basename(entry, ".ts");
  let parts: ReadonlyMap<string, number> | undefined;
  return {
    debugName: name,
    name: (id, graph) => {
      parts ??= partsOf(entry, graph);
      const part = parts.get(id);
      return part === undefined ? null : `${name}-${part}`;
    },
  };
}

/**
 * In which part each module is that the entry imports, however indirectly. They are in the order in
 * which they run, so that none imports anything of a later part.
 */
function partsOf(entry: string, graph: ChunkingContext): ReadonlyMap<string, number> {
  const parts = new Map<string, number>();
  const seen = new Set<string>();
  let bytes = 0;
  const visit = (id: string): void => {
    if (seen.has(id)) return;
    seen.add(id);
    const module = graph.getModuleInfo(id);
    for (const imported of module?.importedIds ?? []) visit(imported);
    parts.set(id, Math.floor(bytes / PART_BYTES));
    bytes += module?.code?.length ?? 0;
  };
  visit(entry);
  return parts;
}
