/* docs/architecture.md names every folder of src/ in its layers, and the linter keeps them: what an
 * import may name is planted in every folder and looked over by the project's own configuration.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FOLDERS, SEAMS_LAYER } from "../../src/toolchain/layers.ts";
import { codeBlocks, readPage, section } from "./page.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const [LAYERS = ""] = codeBlocks(section(readPage("docs/architecture.md"), "Layers"), "text");

/** The layer of each folder of src/, and of each seam, as the page has it. */
const layerOf = new Map<string, number>();
let layer = 0;
for (const line of LAYERS.split("\n")) {
  layer = Number(/^ (\d) /.exec(line)?.[1] ?? layer);
  for (const [, name = ""] of line.matchAll(/\bsrc\/([\w-]+)\//g)) layerOf.set(name, layer);
}
const folders = [...layerOf.keys()];

/** The folders that a folder's files may not import, by the page's words. */
function refusedIn(folder: string): readonly string[] {
  const own = layerOf.get(folder) ?? 0;
  const others = folders.filter((other) => other !== folder);
  if (folder === "client") return others.filter((other) => other !== "protocol");
  if (folder === "worker") {
    return others.filter((other) => other !== "client" && other !== "protocol");
  }
  if (folder === "testing") {
    return others.filter((other) => !["client", "protocol", "worker"].includes(other));
  }
  const isApart = ["broker", "session", "journal"].includes(folder);
  return others.filter((other) => (layerOf.get(other) ?? 0) > own - (isApart ? 1 : 0));
}

interface Finding {
  readonly filename: string;
  readonly code: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

/** A project of planted files, and what the linter says about them. */
class Planted {
  readonly #root = mkdtempSync(join(tmpdir(), "homemaker-layers-"));
  readonly #files = new Map<string, string>();
  #findings: readonly Finding[] = [];

  add(path: string, lines: readonly string[]): void {
    this.#files.set(path, lines.join("\n") + "\n");
  }

  async lint(): Promise<void> {
    for (const path of ["oxlint.config.ts", "src/toolchain/layers.ts"]) {
      cpSync(join(ROOT, path), join(this.#root, path));
    }
    symlinkSync(join(ROOT, "node_modules"), join(this.#root, "node_modules"));
    for (const [path, text] of this.#files) {
      mkdirSync(dirname(join(this.#root, path)), { recursive: true });
      writeFileSync(join(this.#root, path), text);
    }
    const options = { cwd: this.#root, preferLocal: true, localDir: ROOT, reject: false } as const;
    const { stdout } = await execa("oxlint", ["--format", "json", "src", "assembly"], options);
    this.#findings = (JSON.parse(stdout) as { diagnostics: readonly Finding[] }).diagnostics;
  }

  /** The lines of that file that the rule refuses, once each, in order. */
  refused(path: string, rule: string): readonly string[] {
    const lines = (this.#files.get(path) ?? "").split("\n");
    const found = this.#findings.filter(
      ({ filename, code }) => filename === path && code.includes(rule),
    );
    const numbers = new Set(found.flatMap(({ labels }) => labels.map(({ span }) => span.line)));
    return [...numbers].toSorted((one, other) => one - other).map((n) => lines[n - 1] ?? "");
  }

  remove(): void {
    rmSync(this.#root, { recursive: true });
  }
}

/** A line that imports something for its types alone. Not spelled whole, so that nobody follows. */
function imported(path: string): string {
  return ["export type { A }", `"${path}";`].join(" from ");
}

const PLANTED = "planted.ts";
const IMPORT = "no-restricted-imports";
const CONSTANTS = imported("../../assembly/constants.ts");
const ENGINE = imported("../../assembly/job.ts");
const BINDING = imported("as-bind/dist/as-bind.cjs.js");
const NODE = imported("node:fs");

const planted = new Planted();
beforeAll(async () => {
  for (const folder of folders) {
    const others = folders.filter((other) => other !== folder);
    const lines = others.map((other) => imported(`../${other}/a.ts`));
    const rest = [CONSTANTS, ENGINE, BINDING, NODE, "export const one = process.pid;"];
    planted.add(`src/${folder}/${PLANTED}`, [...lines, ...rest]);
  }
  planted.add(
    `src/${PLANTED}`,
    folders.map((folder) => imported(`./${folder}/a.ts`)),
  );
  planted.add("src/journal/deep/a.ts", [imported("../../server/a.ts"), imported("../b.ts")]);
  for (const [where, end] of [
    ["src/session", ".ts"],
    ["src/journal", ".ts"],
    ["assembly", ""],
  ] as const) {
    planted.add(`${where}/circle-a.ts`, [`import type { B } from "./circle-b${end}";`]);
    planted.add(`${where}/circle-b.ts`, [`import type { A } from "./circle-a${end}";`]);
  }
  await planted.lint();
});
afterAll(() => planted.remove());

describe("the layers of docs/architecture.md", () => {
  it("have every folder of src/, and no other; the dashboard stands beside", () => {
    const there = readdirSync(join(ROOT, "src"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== "dashboard")
      .map(({ name }) => name);
    expect(folders.toSorted()).toEqual(there.toSorted());
  });

  it("are those that the linter's rules are made of", () => {
    const table = FOLDERS.map(({ name, layer: own }) => [name, own] as const);
    expect(new Map(table)).toEqual(layerOf);
    const seams = LAYERS.split("\n").find((line) => line.includes("seams"));
    expect(seams).toMatch(new RegExp(`^ ${SEAMS_LAYER} `));
  });

  it.each(folders)("are kept in src/%s/, types too", (folder) => {
    const refused = planted.refused(`src/${folder}/${PLANTED}`, IMPORT);
    const above = refusedIn(folder).map((other) => imported(`../${other}/a.ts`));
    expect(refused.filter((line) => line.includes("/a.ts"))).toEqual(above);
  });

  it("are kept in folders of folders", () => {
    const refused = planted.refused("src/journal/deep/a.ts", IMPORT);
    expect(refused).toEqual([imported("../../server/a.ts")]);
  });

  it("are kept by the seams", () => {
    const above = folders.filter((folder) => (layerOf.get(folder) ?? 0) > SEAMS_LAYER);
    const refused = planted.refused(`src/${PLANTED}`, IMPORT);
    expect(refused).toEqual(above.map((folder) => imported(`./${folder}/a.ts`)));
  });

  it.each(folders)("let src/%s/ know the engine by its constants alone", (folder) => {
    const refused = planted.refused(`src/${folder}/${PLANTED}`, IMPORT);
    expect(refused).not.toContain(CONSTANTS);
    expect(refused).toEqual(expect.arrayContaining([ENGINE, BINDING]));
  });

  it.each(folders)("say whether src/%s/ names a runtime", (folder) => {
    const path = `src/${folder}/${PLANTED}`;
    const isTop = folder === "toolchain" || layerOf.get(folder) === 5;
    // What runs in browsers names what they have, and nothing of Node's.
    expect(planted.refused(path, IMPORT).includes(NODE)).toBe(!isTop || folder === "browser");
    expect(planted.refused(path, "no-restricted-globals")).toHaveLength(isTop ? 0 : 1);
  });

  it.each(["src/session", "src/journal", "assembly"])("have no circle, in %s/", (where) => {
    for (const name of ["circle-a.ts", "circle-b.ts"]) {
      expect(planted.refused(`${where}/${name}`, "no-cycle")).toHaveLength(1);
    }
  });
});
