/* The program of docs/browser.md as a page that Vite bundles, with the package's files where npm
 * would install them, in the real Chromium.
 *
 * @module-tag chromium
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { Browser } from "../dashboard/browser.ts";
import { codeBlocks, readPage } from "../docs/page.ts";
import { COMMAND } from "../support/command.ts";
import { ROOT } from "../support/runtimes.ts";
import { until } from "../support/until.ts";
import { ISOLATING, listenOnLoopback } from "./loopback.ts";
import type { Loopback } from "./loopback.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};
const [PROGRAM = ""] = codeBlocks(readPage("docs/browser.md"), "js");
const PAGE = `<!doctype html><title>a page</title><link rel=icon href=data:>
<script type=module src=/main.js></script>`;

/** A project with the page and the package; resolves with where Vite has put what it made. */
async function built(project: string): Promise<string> {
  const own = join(project, "node_modules/homemaker");
  await cp(dirname(COMMAND), join(own, "dist/lib"), { recursive: true });
  for (const name of ["engine", "control"]) {
    await cp(join(ROOT, `build/${name}.wasm`), join(own, `build/${name}.wasm`));
  }
  await cp(join(ROOT, "package.json"), join(own, "package.json"));
  await symlink(join(ROOT, "node_modules/croner"), join(project, "node_modules/croner"));
  await writeFile(join(project, "package.json"), '{"type":"module","private":true}');
  await writeFile(join(project, "index.html"), PAGE);
  await writeFile(join(project, "main.js"), PROGRAM.replace("console.log(", "document.title = ("));
  const [config = ""] = codeBlocks(readPage("docs/browser.md"), "ts");
  await writeFile(join(project, "vite.config.mjs"), config);
  await execa("vite", ["build"], { cwd: project, preferLocal: true, localDir: ROOT });
  return join(project, "dist");
}

/** A server of those files, as one of static files would be. */
function served(folder: string): Promise<Loopback> {
  return listenOnLoopback(({ url = "/" }, response) => {
    const path = url === "/" ? "/index.html" : new URL(url, "http://x").pathname;
    const headers = { ...ISOLATING, "content-type": TYPES[extname(path)] ?? "text/plain" };
    readFile(join(folder, path)).then(
      (content) => response.writeHead(200, headers).end(content),
      () => response.writeHead(404, headers).end(),
    );
  });
}

test("a page that Vite has bundled puts a job and does it", { timeout: 180_000 }, async () => {
  const project = await mkdtemp(join(tmpdir(), "homemaker-vite-"));
  try {
    await using site = await served(await built(project));
    await using browser = await Browser.open([site.origin]);
    const page = await browser.page(site.origin);
    await until("it has the result", async () => (await page.title()) === "3");
    expect(browser.complaints).toEqual([]);
  } finally {
    await rm(project, { recursive: true });
  }
});
