/* Build: compiles the AssemblyScript modules and bundles the dashboard into build/.
 *
 * A module is compiled when it is missing or older than any source of assembly/, the compiler's
 * options or the compiler; the TypeScript sources run unbuilt and need nothing. A module that does
 * not compile, or that the engine guard refuses, leaves no file behind, so nothing ever runs on
 * yesterday's code. The dashboard is dashboard.ts's. Several builds at once do no harm: a module
 * appears by a rename.
 *
 * Called by the npm scripts (`node src/toolchain/build.ts [--force]`), by the tests' global setup
 * and by pack.ts.
 */
import { execFile } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildDashboard } from "./dashboard.ts";
import { findForbiddenParts } from "./engine-guard.ts";

/** The folder of the project, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const COMPILER = `${ROOT}node_modules/assemblyscript/bin/asc`;

/** A module that is compiled. */
interface Module {
  /** Its name: `build/NAME.wasm`. */
  readonly name: string;
  /** Its entry file, from the root. */
  readonly entry: string;
  /** Its target in asconfig.json. */
  readonly target: string;
  /** Whether it runs on shared memory as one of many instances, and so may hold only code. */
  readonly guarded?: true;
  /** Whether the compiler also writes down what it exports: `build/NAME.d.ts`. */
  readonly declared?: true;
}

const MODULES: readonly Module[] = [
  {
    name: "engine",
    entry: "assembly/index.ts",
    target: "engine",
    guarded: true,
    declared: true,
  },
  { name: "engine.verify", entry: "assembly/verify/index.ts", target: "verify" },
  { name: "control", entry: "assembly/control/index.ts", target: "control" },
];

/** What a build did. */
export interface BuildReport {
  /** What was made now, by its path in build/. */
  readonly compiled: readonly string[];
  /** One message for each part that could not be built; empty when all stand in build/. */
  readonly failures: readonly string[];
}

/**
 * Brings the modules in build/ up to date.
 *
 * @param force compiles them all, stale or not
 */
export async function build(force = false): Promise<BuildReport> {
  mkdirSync(`${ROOT}build`, { recursive: true });
  const newestSource = newestSourceMs();
  const stale = MODULES.filter((module) => force || outputMs(module) < newestSource);
  const results = await Promise.all(stale.map(compile));
  const dashboard = await bundleDashboard(force);
  return {
    compiled: [
      ...stale.filter((_, index) => results[index] === null).map(({ name }) => `${name}.wasm`),
      ...(dashboard.isMade ? ["dashboard"] : []),
    ],
    failures: [...results, dashboard.failure].filter((failure) => failure !== null),
  };
}

/** Bundles the dashboard if it is stale; tells whether it did, and what went wrong, or null. */
async function bundleDashboard(
  force: boolean,
): Promise<{ readonly isMade: boolean; readonly failure: string | null }> {
  try {
    return { isMade: await buildDashboard(ROOT, force), failure: null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const failure = `build/dashboard cannot be built from src/dashboard: ${reason}`;
    return { isMade: false, failure };
  }
}

/** Compiles one module; returns what went wrong, or null. */
async function compile(module: Module): Promise<string | null> {
  const outputs = outputPaths(module);
  const drafts = outputs.map((path) => `${path}.${process.pid}`);
  const started = new Date();
  try {
    if (!existsSync(`${ROOT}${module.entry}`)) throw new Error(`its entry is missing`);
    await runCompiler(module, drafts);
    if (module.guarded === true) refuseForbiddenParts(drafts);
    // As old as the moment when the compiler began to read: an edit since then makes it stale.
    for (const draft of drafts) utimesSync(draft, started, started);
    for (const [at, draft] of drafts.entries()) renameSync(draft, outputs[at] ?? "");
    return null;
  } catch (error) {
    for (const path of [...drafts, ...outputs]) rmSync(path, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    return `build/${module.name}.wasm cannot be built from ${module.entry}: ${reason}`;
  }
}

async function runCompiler(
  module: Module,
  [code = "", declarations]: readonly string[],
): Promise<void> {
  const options = [module.entry, "--target", module.target, "--binaryFile", code];
  if (declarations !== undefined) options.push("--tsdFile", declarations);
  try {
    await promisify(execFile)(process.execPath, [COMPILER, ...options], { cwd: ROOT });
  } catch (error) {
    const printed = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
    throw new Error(printed || "the compiler could not be run", { cause: error });
  }
}

function refuseForbiddenParts([code = ""]: readonly string[]): void {
  const forbidden = findForbiddenParts(readFileSync(code));
  if (forbidden.length > 0)
    throw new Error(`it must hold only code, but has ${forbidden.join(", ")}`);
}

function newestSourceMs(): number {
  const sources = globSync(["assembly", "assembly/**/*.ts", "assembly/*/"], { cwd: ROOT });
  const paths = [...sources.map((source) => ROOT + source), `${ROOT}asconfig.json`, COMPILER];
  return Math.max(...paths.map((path) => statSync(path).mtimeMs));
}

/** When the oldest of its files was made; -1 when one is missing. */
function outputMs(module: Module): number {
  const times = outputPaths(module).map(
    (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1,
  );
  return Math.min(...times);
}

/** The files of a module: its code, and what it exports if that is written down. */
function outputPaths({ name, declared }: Module): readonly string[] {
  const path = `${ROOT}build/${name}`;
  return declared === true ? [`${path}.wasm`, `${path}.d.ts`] : [`${path}.wasm`];
}

if (import.meta.main) {
  const { compiled, failures } = await build(process.argv.includes("--force"));
  for (const name of compiled) console.error(`built build/${name}`);
  for (const failure of failures) console.error(failure);
  process.exitCode = failures.length > 0 ? 1 : 0;
}
