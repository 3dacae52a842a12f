/* What the package exports: an entry of src/entries/ behind each name. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const ROOT = new URL("../../", import.meta.url);
const { exports: entries }: { readonly exports: Readonly<Record<string, unknown>> } = JSON.parse(
  readFileSync(new URL("package.json", ROOT), "utf8"),
);
const conditions = Object.entries(entries).flatMap(([name, target]) =>
  typeof target === "object" && target !== null ? [[name, target] as const] : [],
);

test.each(conditions)("%s is what an entry exports, with its types first", (_, target) => {
  const [[first] = [], ...others] = Object.entries(target as Readonly<Record<string, string>>);
  expect(first).toBe("types");
  expect(others.length).toBeGreaterThan(0);
  for (const path of Object.values(target as Readonly<Record<string, string>>)) {
    const source = path
      .replace("./dist/types/", "")
      .replace("./dist/lib/", "src/entries/")
      .replace(/\.(d\.ts|js)$/, ".ts");
    expect([path, existsSync(new URL(source, ROOT))]).toEqual([path, true]);
  }
});
