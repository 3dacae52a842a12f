/* Assets: the files of the dashboard, read once at the start and handed out from memory.
 *
 * A path is looked up in a list of the files that there were, so none leads out of it. All but the
 * page itself have a hash of their content in their names and may be kept for ever. Used by
 * routes.ts.
 */
import { readdir, readFile } from "node:fs/promises";
import type { Answer, Route } from "./handler.ts";

/** Where the build puts them: next to src/, in the repository as in the package. */
const FOLDER = new URL("../../build/dashboard/", import.meta.url);
const PAGE = "index.html";
const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};
const HASHED = /-[\w-]{10}\.\w+$/;
const NOT_BUILT =
  "The dashboard has not been built: npm run build makes it. The API and the metrics are there without it.\n";

/** A route for each file; for the page alone, which says so, when nothing has been built. */
export async function assetRoutes(folder: URL = FOLDER): Promise<readonly Route[]> {
  const files = await filesIn(folder);
  const page = files.find(({ name }) => name === PAGE);
  const root: Answer = page?.answer ?? {
    status: 503,
    bytes: NOT_BUILT,
    type: TYPES["txt"] ?? "",
  };
  const named = files.map(({ name, answer }) => ({ path: `/${name}`, answer }));
  return [{ path: "/", answer: root }, ...named].map(({ path, answer }) => ({
    method: "GET",
    path,
    needs: "nothing",
    handler: () => answer,
  }));
}

interface File {
  readonly name: string;
  readonly answer: Answer;
}

async function filesIn(folder: URL): Promise<readonly File[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  });
  const known = names.filter((name) => TYPES[endingOf(name)] !== undefined);
  return Promise.all(
    known.map(async (name) => {
      const type = TYPES[endingOf(name)] ?? "";
      const keep = HASHED.test(name) ? "public, max-age=31536000, immutable" : "no-cache";
      const bytes = await readFile(new URL(encodeURIComponent(name), folder));
      return { name, answer: { bytes, type, headers: { "cache-control": keep } } };
    }),
  );
}

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
