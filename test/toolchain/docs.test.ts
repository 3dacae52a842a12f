import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { optionsPage, shellPage } from "../../src/toolchain/docs.ts";
import { apiPage } from "../../src/toolchain/api-page.ts";
import { metricsPage } from "../../src/toolchain/metrics-page.ts";
import { loadBuiltControl } from "../text/load-control.ts";

it("docs/options.md says what the declarations say (if not: npm run docs)", async () => {
  const page = await readFile(new URL("../../docs/options.md", import.meta.url), "utf8");
  expect(page).toBe(optionsPage(await loadBuiltControl()));
});

it("docs/shell.md says what the declarations say (if not: npm run docs)", async () => {
  const page = await readFile(new URL("../../docs/shell.md", import.meta.url), "utf8");
  expect(page).toBe(shellPage());
});

it("docs/metrics.md says what the declarations say (if not: npm run docs)", async () => {
  const page = await readFile(new URL("../../docs/metrics.md", import.meta.url), "utf8");
  expect(page).toBe(metricsPage());
});

it("docs/api.md says what the types say (if not: npm run docs)", async () => {
  const page = await readFile(new URL("../../docs/api.md", import.meta.url), "utf8");
  expect(page).toBe(apiPage());
});
