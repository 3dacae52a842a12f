/* Site: what a browser needs to run the tests in it: the page, its suites, each bundled into one
 * script, and the files of the project that they read.
 *
 *   /                            the page (page/index.html)
 *   /test/..., /src/...          NAME.js: NAME.ts there and all that it imports, as one script
 *   /test/..., /build/...        files of the project; of a folder, the names in it as JSON
 *
 * Pages may share memory with their workers, as an application's have to. What tests take from Node
 * is replaced by stand-ins/, which read from this site.
 */
import { readdir, readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import type { Plugin } from "rolldown";
import { ROOT } from "../support/runtimes.ts";

const HERE = relative(ROOT, fileURLToPath(new URL("./", import.meta.url)));
const SERVED = /^\/(test|build)\//;
const SCRIPT = /^\/(test|src)\/browser\/[\w/-]+\.js$/;
const STAND_INS: Readonly<Record<string, string>> = {
  "node:assert": "assert.ts",
  "node:crypto": "crypto.ts",
  "node:fs": "fs.ts",
  "node:fs/promises": "fs.ts",
  "node:process": "process.ts",
  "node:timers/promises": "timers-promises.ts",
  "node:url": "url.ts",
};
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};
const HEADERS = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cache-control": "no-store",
};

/** A site that is served. */
export interface Site extends AsyncDisposable {
  readonly origin: string;
}

/** Serves it on a port of the loopback address, any free one if none is given. */
export async function serveSite(port = 0): Promise<Site> {
  const scripts = new Map<string, Promise<string>>();
  const http = createServer(({ url = "/" }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    const answer = async (): Promise<void> => {
      const content = await contentOf(pathname, scripts);
      const type = TYPES[extname(pathname)] ?? "text/html";
      response.writeHead(200, { ...HEADERS, "content-type": type }).end(content);
    };
    answer().catch((error: unknown) => response.writeHead(404, HEADERS).end(String(error)));
  });
  await new Promise<void>((resolve) => void http.listen(port, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

async function contentOf(
  path: string,
  scripts: Map<string, Promise<string>>,
): Promise<string | Uint8Array> {
  if (path === "/") return readFile(join(ROOT, HERE, "page/index.html"));
  if (SCRIPT.test(path)) {
    const made = scripts.get(path) ?? bundled(path.replace(/\.js$/, ".ts"));
    scripts.set(path, made);
    return made;
  }
  if (!SERVED.test(path)) throw new Error(`there is no ${path}`);
  const file = join(ROOT, path);
  if (!(await stat(file)).isDirectory()) return readFile(file);
  return JSON.stringify(await readdir(file));
}

/** A file of the project, and all that it imports, as one script. */
async function bundled(path: string): Promise<string> {
  const made = await rolldown({
    input: join(ROOT, path),
    platform: "browser",
    tsconfig: join(ROOT, "tsconfig.json"),
    plugins: [standIns()],
    onLog: (_level, log) => {
      throw new Error(log.message); // a script that imports what is not there would not load
    },
    transform: {
      inject: {
        Buffer: [standIn("buffer.ts"), "Buffer"],
        setImmediate: [standIn("timers.ts"), "setImmediate"],
      },
    },
  });
  try {
    const { output } = await made.generate({ format: "es", codeSplitting: false });
    return output[0].code;
  } finally {
    await made.close();
  }
}

function standIn(file: string): string {
  return join(ROOT, HERE, "stand-ins", file);
}

/** Node's modules are the stand-ins, and a file's own address is that of this site. */
function standIns(): Plugin {
  return {
    name: "stand-ins",
    resolveId: (id) => {
      const file = STAND_INS[id];
      return file === undefined ? null : standIn(file);
    },
    transform(code, id) {
      if (!code.includes("import.meta.url")) return null;
      const place = JSON.stringify(`/${relative(ROOT, id)}`);
      return code.replaceAll("import.meta.url", `new URL(${place}, location.origin).href`);
    },
  };
}
