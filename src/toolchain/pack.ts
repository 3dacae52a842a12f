/* Pack: fills dist/ with what is published, since a runtime strips no types below node_modules.
 *
 * dist/ mirrors the tree, so every relative path holds in both: dist/src and dist/assembly are
 * emitted by tsc, dist/build has the compiled modules and the dashboard. as-bind would bring a
 * compiler along if it were a dependency, so its small runtime is copied beside its licence and the
 * one import of it is pointed there. Declarations are kept where what the package exports needs
 * them.
 *
 * Called by npm before it packs (`prepack`).
 */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { build, ROOT } from "./build.ts";

const DIST = `${ROOT}dist/`;
const PUBLISHED_MODULES = ["engine.wasm", "control.wasm"];
const AS_BIND = "as-bind/dist/as-bind.cjs.js";

async function pack(): Promise<void> {
  rmSync(DIST, { recursive: true, force: true });
  const { failures } = await build();
  if (failures.length > 0) throw new Error(failures.join("\n"));
  emitJavaScript();
  dropDeclarations();
  copyModules();
  cpSync(`${ROOT}build/dashboard`, `${DIST}build/dashboard`, { recursive: true });
  bundleAsBind();
}

function emitJavaScript(): void {
  const compiler = `${ROOT}node_modules/typescript/bin/tsc`;
  const options = ["-p", "src/toolchain/tsconfig.dist.json"];
  execFileSync(process.execPath, [compiler, ...options], { cwd: ROOT, stdio: "inherit" });
}

/** Removes the declarations that nothing the package exports refers to. */
function dropDeclarations(): void {
  const needed = new Set<string>();
  const need = (file: string): void => {
    if (needed.has(file)) return;
    needed.add(file);
    for (const [, path = ""] of readFileSync(file, "utf8").matchAll(/"(\.{1,2}\/.*?)\.ts"/g)) {
      need(resolve(dirname(file), `${path}.d.ts`));
    }
  };
  for (const file of globSync(`${DIST}src/entries/*.d.ts`)) need(file);
  for (const file of globSync(`${DIST}**/*.d.ts`)) if (!needed.has(file)) rmSync(file);
}

function copyModules(): void {
  mkdirSync(`${DIST}build`);
  for (const name of PUBLISHED_MODULES)
    copyFileSync(`${ROOT}build/${name}`, `${DIST}build/${name}`);
}

/** Copies as-bind's runtime to dist/as-bind/ and points the import of it there. */
function bundleAsBind(): void {
  mkdirSync(`${DIST}as-bind`);
  copyFileSync(`${ROOT}node_modules/${AS_BIND}`, `${DIST}as-bind/runtime.cjs`);
  copyFileSync(`${ROOT}node_modules/as-bind/LICENSE`, `${DIST}as-bind/LICENSE`);
  const importers = globSync(`${DIST}src/**/*.js`).filter((file) =>
    readFileSync(file, "utf8").includes(`"${AS_BIND}"`),
  );
  for (const file of importers) {
    const up = "../".repeat(file.slice(DIST.length).split("/").length - 1);
    const code = readFileSync(file, "utf8").replace(`"${AS_BIND}"`, `"${up}as-bind/runtime.cjs"`);
    writeFileSync(file, code);
  }
  if (importers.length !== 1) {
    throw new Error(
      `expected one importer of ${AS_BIND}, found: ${importers.join(", ") || "none"}`,
    );
  }
}

await pack();
