/* Serves the example with the headers that a page needs to have a queue:
 *
 *   node examples/browser/serve.mjs [PORT] [LIBRARY]
 *
 * LIBRARY is where the package's files are, from the root of the repository: dist/lib, which `npm
 * run prepack` makes.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";

const [, , port = "8080", library = "dist/lib"] = argv;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Where what the page asks for lies; the first that fits. */
const PLACES = [
  ["/homemaker/dist/lib/", library],
  ["/homemaker/build/", "build"],
  ["/croner/", "node_modules/croner"],
  ["/", "examples/browser"],
];
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
const HEADERS = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cache-control": "no-cache",
};

async function answer({ url }, response) {
  const path = normalize(new URL(url, "http://x").pathname).replace(/\/$/, "/index.html");
  const [prefix, place] = PLACES.find(([start]) => path.startsWith(start));
  try {
    const bytes = await readFile(join(ROOT, place, path.slice(prefix.length)));
    response.writeHead(200, { ...HEADERS, "content-type": TYPES[extname(path)] ?? "text/plain" });
    response.end(bytes);
  } catch {
    response.writeHead(404, HEADERS).end();
  }
}

const http = createServer((request, response) => void answer(request, response));
http.listen(Number(port), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${http.address().port}/`);
});
