/* What a browser loads of `homemaker/browser` names no runtime but browsers: its files import one
 * another, and one package, which needs nothing.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { COMMAND } from "../support/command.ts";

/** Bundled by the tests' setup, as the package has it. */
const LIBRARY = dirname(COMMAND);
const PACKAGES = ["croner"];

/** The files that a file of the package leads to, by imports and as workers; and what else. */
function reached(name: string, files = new Set<string>(), others = new Set<string>()) {
  if (files.has(name)) return { files, others };
  files.add(name);
  const script = readFileSync(join(LIBRARY, name), "utf8");
  const imports = script.matchAll(/\b(?:from|import)\s*\(?\s*["'`]([^"'`]+)["'`]/g);
  const urls = script.matchAll(/new URL\(\s*["'`]([^"'`]+)["'`],\s*import\.meta\.url\)/g);
  for (const [, path = ""] of [...imports, ...urls]) {
    if (/^\.\/.*\.js$/.test(path)) reached(path.slice(2), files, others);
    else others.add(path);
  }
  return { files, others };
}

test("the page, and each worker that it starts, load nothing of Node's", () => {
  const { files, others } = reached("browser.js");
  expect([...files]).toContain("browser-broker.js");
  const modules = [...others].filter((path) => path.endsWith(".wasm"));
  expect([...others].filter((path) => !modules.includes(path))).toEqual(PACKAGES);
  for (const path of modules) expect(existsSync(join(LIBRARY, path))).toBe(true);
  expect(modules.length).toBeGreaterThan(0);
  // So that it would be noticed.
  expect([...reached("queue.js").others].some((path) => path.startsWith("node:"))).toBe(true);
});

test("the page itself holds no engine", () => {
  const page = readFileSync(join(LIBRARY, "browser.js"), "utf8");
  expect(page).not.toContain("engine.wasm");
});
