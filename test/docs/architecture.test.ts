/* docs/architecture.md names every folder of src/ in its layers, and the linter keeps them: an
 * import that points up is refused, wherever it stands.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGE = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");
const LAYERS = /^## Layers\n[^]*?```text\n([^]*?)```/m.exec(PAGE)?.[1] ?? "";

/** The layer of each folder of src/, as the page has it. */
const layerOf = new Map<string, number>();
let layer = 0;
for (const line of LAYERS.split("\n")) {
  layer = Number(/^ (\d) /.exec(line)?.[1] ?? layer);
  for (const [, folder = ""] of line.matchAll(/src\/([\w-]+)\//g)) layerOf.set(folder, layer);
}

/** Each folder with all those above it; the page says what the dashboard and the toolchain are. */
const cases = [...layerOf]
  .filter(([folder]) => folder !== "toolchain")
  .map(([folder, own]) => {
    const above = [...layerOf].filter(([, other]) => other > own).map(([name]) => name);
    return { folder, above };
  });

interface Finding {
  readonly filename: string;
  readonly code: string;
}

let copy = "";
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "homemaker-layers-"));
  copyFileSync(join(ROOT, ".oxlintrc.json"), join(copy, ".oxlintrc.json"));
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
});
afterAll(() => rmSync(copy, { recursive: true }));

/** How many imports of a file that lies in `folder` are refused. */
async function refusals(folder: string, imports: readonly string[]): Promise<number> {
  const path = join(copy, "src", folder);
  mkdirSync(path, { recursive: true });
  const paths = imports.map((name) => `"../${name}/a.ts"`);
  const lines = paths.map((from, index) => `export { a as a${index} } from ${from};\n`);
  writeFileSync(join(path, "planted.ts"), lines.join(""));
  const options = { cwd: copy, preferLocal: true, reject: false } as const;
  const { stdout } = await execa("oxlint", ["--format", "json", path], options);
  const { diagnostics } = JSON.parse(stdout) as { readonly diagnostics: readonly Finding[] };
  return diagnostics.filter(({ code }) => code.includes("no-restricted-imports")).length;
}

describe("the layers of docs/architecture.md", () => {
  it("have every folder of src/, and no other; the dashboard stands beside", () => {
    const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== "dashboard")
      .map(({ name }) => name);
    expect([...layerOf.keys()].toSorted()).toEqual(folders.toSorted());
  });

  it.each(cases)("are kept in src/$folder/ by the linter", async ({ folder, above }) => {
    expect(await refusals(folder, above)).toBe(above.length);
  });

  it("have sessions and the journal know nothing of each other", async () => {
    expect(await refusals("session", ["journal", "client"])).toBe(2);
    expect(await refusals("journal", ["session", "client"])).toBe(2);
  });

  it("let an import point down", async () => {
    expect(await refusals("server", ["engine", "session", "journal", "protocol"])).toBe(0);
  });
});
