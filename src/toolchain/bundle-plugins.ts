/* Bundle plugins: what becomes of an import when the package's files are made. Used by bundle.ts.
 */
import { basename, dirname, resolve } from "node:path";
import type { Plugin } from "rolldown";

/** What goes in of packages that are no dependencies. */
const BUNDLED = "as-bind/";

/** What package.json says. */
export interface Description {
  readonly name: string;
  readonly version: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** Of package.json only what a program reads goes in. */
export function shortDescription({ name, version, engines }: Description): Plugin {
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

/**
 * Imports of these files stay, as they are files of the package, too.
 *
 * @param paths whole ones
 */
export function staysApart(paths: readonly string[]): Plugin {
  return {
    name: "stays-apart",
    resolveId(id, importer) {
      if (importer === undefined || !id.startsWith(".")) return;
      if (!paths.includes(resolve(dirname(importer), id))) return;
      return { id: `./${basename(id, ".ts")}.js`, external: true };
    },
  };
}

/** Refuses a package that is no dependency: nobody would have it, or its licence. */
export function noOthersThan(packages: readonly string[]): Plugin {
  return {
    name: "no-others",
    resolveId(id, importer) {
      const isPackage = /^[@a-z][^:]*$/i.test(id) && !id.startsWith(BUNDLED);
      if (importer === undefined || !isPackage || packages.includes(id)) return;
      throw new Error(`${importer} imports ${id}, which is no dependency`);
    },
  };
}

/**
 * Takes what is used of Node's modules from them by name. An import of one reads all that is in it,
 * used or not, because the importer could see it change: of `node:process` that opens standard
 * input and loads streams, and it is a fifth of the time of a start.
 */
export function ofNode(): Plugin {
  return {
    name: "of-node",
    resolveId: {
      filter: { id: /^node:/ },
      handler: (id) => ({ id: `\0${id}`, moduleSideEffects: false }),
    },
    load: {
      filter: { id: /^\0node:/ },
      handler: async (id) => moduleOf(id.slice(1)),
    },
  };
}

/** Gives commander nothing to start programs with, as no subcommand is a program of its own. */
export function startsNothing(): Plugin {
  return {
    name: "starts-nothing",
    resolveId(id, importer) {
      const isCommander = importer?.includes("/commander/") === true;
      return isCommander && id === "node:child_process" ? { id: "\0nothing" } : undefined;
    },
    load: { filter: { id: /^\0nothing$/ }, handler: () => "export default {};" },
  };
}

/** What is exported and not imported is not read. */
async function moduleOf(id: string): Promise<string> {
  const all: unknown = await import(id);
  const names = Object.keys(all as object).filter((name) => name !== "default");
  return [
    // A Node that is too old for the rest has to get as far as saying so.
    `const found = ${id === "node:process" ? "process" : `process.getBuiltinModule("${id}")`};`,
    "const of = (name) => found[name];",
    "export { found as default };",
    ...names.map((name) => `const $${name} = /* @__PURE__ */ of("${name}");`),
    `export { ${names.map((name) => `$${name} as ${name}`).join(", ")} };`,
  ].join("\n");
}
