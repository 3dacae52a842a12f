/* Every page of the project leads only to what is there. */
import { existsSync, globSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { localLinks, readPage } from "./page.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PAGES = globSync(["*.md", "docs/*.md", "test/*/*.md"], { cwd: ROOT });

test.each(PAGES)("%s has no dead link", (path) => {
  const links = localLinks(readPage(path));
  expect(links.filter((link) => !existsSync(join(ROOT, dirname(path), link)))).toEqual([]);
});

test("docs/architecture.md names only files that there are", () => {
  const names = [
    ...readPage("docs/architecture.md").matchAll(/`((?:assembly|src|test|bench)\/[\w./-]+)`/g),
  ];
  const files = names.map(([, name]) => name ?? "");
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
});
