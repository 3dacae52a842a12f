/* Every page of the project leads only to what is there; those of the architecture can be read at
 * one sitting.
 */
import { existsSync, globSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { codeBlocks, localLinks, readPage } from "./page.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ARCHITECTURE = globSync("docs/architecture*.md", { cwd: ROOT });
/** About two screens. */
const ARCHITECTURE_LINES = 140;
const PAGES = globSync(["*.md", "docs/*.md", "test/*/*.md"], { cwd: ROOT });

test.each(PAGES)("%s has no dead link", (path) => {
  const links = localLinks(readPage(path));
  expect(links.filter((link) => !existsSync(join(ROOT, dirname(path), link)))).toEqual([]);
});

test.each(ARCHITECTURE)("%s names only files that there are", (path) => {
  const names = [...readPage(path).matchAll(/`((?:assembly|src|test|bench)\/[\w./-]+)`/g)];
  const files = names.map(([, name]) => name ?? "");
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
});

test("the overview of the architecture leads to its other pages", () => {
  const links = localLinks(readPage("docs/architecture.md")).map((link) => `docs/${link}`);
  expect(ARCHITECTURE).toHaveLength(10);
  const others = ARCHITECTURE.filter((path) => path !== "docs/architecture.md");
  expect(links).toEqual(expect.arrayContaining(others));
});

test.each(ARCHITECTURE)("%s has pictures, and is short", (path) => {
  const page = readPage(path);
  expect(codeBlocks(page, "text").length).toBeGreaterThan(1);
  expect(page.split("\n").length).toBeLessThanOrEqual(ARCHITECTURE_LINES);
});
