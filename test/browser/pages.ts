/* Pages: a server of empty pages for tests in Chromium, which has the package's files as one that
 * is installed has them, and says by headers whether its pages may share memory with workers. What
 * tests run in a page are the functions of in-page.ts, without its types.
 */
import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { COMMAND } from "../support/command.ts";
import { ISOLATING, listenOnLoopback } from "./loopback.ts";
import type { Loopback } from "./loopback.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Where the package's files lie: tests have them bundled as it has. */
const LIBRARY = dirname(relative(ROOT, COMMAND));

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".ts": "text/javascript",
  ".wasm": "application/wasm",
};
/** Where a page has it. */
const IN_PAGE = `/${relative(ROOT, fileURLToPath(new URL("./in-page.ts", import.meta.url)))}`;
/** What stands in scripts, and what a bundler would put there. */
const IMPORTS = [
  [/"[./]+\/src\/entries\/browser\.ts"/, `"/${LIBRARY}/browser.js"`],
  ['"croner"', '"/node_modules/croner/dist/croner.js"'],
] as const;
const PAGE = "<!doctype html><title>a page</title><link rel=icon href=data:>";

/** Starts one. Its pages may share memory with their workers, or not. */
export function servePages(isIsolated = true): Promise<Loopback> {
  return listenOnLoopback((request, response) => {
    const path = new URL(request.url ?? "/", "http://x").pathname;
    for (const [name, value] of Object.entries(isIsolated ? ISOLATING : {})) {
      response.setHeader(name, value);
    }
    response.setHeader("content-type", TYPES[extname(path)] ?? "text/html");
    contentOf(path).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  });
}

/** What a function of in-page.ts comes to in that page. */
export function inPage(page: Page, name: string, ...given: readonly unknown[]): Promise<unknown> {
  const words = given.map((one) => JSON.stringify(one)).join(", ");
  return page.evaluate(`import("${IN_PAGE}").then((page) => page.${name}(${words}))`);
}

async function contentOf(path: string): Promise<string | Uint8Array> {
  const kind = extname(path);
  if (kind === "") return PAGE;
  const bytes = await readFile(join(ROOT, path));
  if (kind === ".ts") return linked(stripTypeScriptTypes(bytes.toString()));
  return kind === ".js" ? linked(bytes.toString()) : bytes;
}

function linked(script: string): string {
  return IMPORTS.reduce((text, [from, to]) => text.replace(from, to), script);
}
