/* Pack: fills dist/ with what is published beside the compiled modules and the dashboard; those lie
 * in build/, in the package as in the repository.
 *
 * dist/lib/ has the JavaScript (bundle.ts), since a runtime strips no types below node_modules;
 * dist/types/ mirrors the tree with those declarations that what is exported needs. What is bundled
 * brings its licence along. Nothing in it depends on the time, the machine or the folder: the same
 * sources give the same package, byte for byte.
 *
 * Called by npm before it packs (`prepack`).
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, globSync, readFileSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { build, ROOT } from "./build.ts";
import { bundlePackage } from "./bundle.ts";

const DIST = `${ROOT}dist/`;
const TYPES = `${DIST}types/`;

async function pack(): Promise<void> {
  rmSync(DIST, { recursive: true, force: true });
  const { failures } = await build();
  if (failures.length > 0) throw new Error(failures.join("\n"));
  emitDeclarations();
  dropDeclarations();
  await bundlePackage(ROOT);
  for (const name of ["as-bind", "commander"]) {
    copyFileSync(`${ROOT}node_modules/${name}/LICENSE`, `${DIST}lib/${name}.LICENSE`);
  }
}

function emitDeclarations(): void {
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
  for (const file of globSync(`${TYPES}src/entries/*.d.ts`)) need(file);
  for (const file of globSync(`${TYPES}**/*.d.ts`)) if (!needed.has(file)) rmSync(file);
}

await pack();
