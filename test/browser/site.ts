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
import { globSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { dirname, extname, join, relative } from "node:path";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import type { Plugin } from "rolldown";
import { ROOT } from "../support/runtimes.ts";
import { FILES_LEFT_OUT } from "./left-out.ts";
import { ISOLATING, listenOnLoopback } from "./loopback.ts";
import type { Loopback } from "./loopback.ts";
import { Servers } from "./servers.ts";
import type { Wanted } from "./servers.ts";

const HERE = relative(ROOT, fileURLToPath(new URL("./", import.meta.url)));
const SERVED = /^\/(test|build)\//;
const SCRIPT = /^\/(test|src)\/browser\/[\w/-]+\.js$/;
const STAND_INS: Readonly<Record<string, string>> = {
  "node:assert": "assert.ts",
  "node:crypto": "crypto.ts",
  "node:events": "events.ts",
  "node:fs": "fs.ts",
  "node:fs/promises": "fs.ts",
  "node:os": "os.ts",
  "node:path": "path.ts",
  "node:process": "process.ts",
  "node:timers/promises": "timers-promises.ts",
  "node:url": "url.ts",
  "src/embedded/node-ports.ts": "node-ports.ts",
  "src/entries/client.ts": "client.ts",
  "src/entries/queue.ts": "queue.ts",
  "src/runtimes/client-surroundings.ts": "surroundings.ts",
  "src/runtimes/node-broker.ts": "node-broker.ts",
  "src/transports/socket-endpoint.ts": "surroundings.ts",
  "test/backends/lasting-server.ts": "lasting-server.ts",
  "test/client/cables.ts": "cables.ts",
  "test/client/targets.ts": "targets.ts",
  "test/dialogues/targets/homemaker.ts": "homemaker.ts",
  "test/support/collect-garbage.ts": "collect-garbage.ts",
  "test/worker/bed-places.ts": "bed-places.ts",
  "test/support/homemaker.ts": "homemaker.ts",
};
/** A module that has test files: those of the folder that it names. */
const TEST_FILES = /^virtual:tests\/(\w+)$/;
const SERVER = /^\/servers\/(\d+)$/;
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};
const HEADERS = {
  ...ISOLATING,
  "cache-control": "no-store",
};

/** Serves it on a port of the loopback address, any free one if none is given. */
export async function serveSite(port = 0): Promise<Loopback> {
  const scripts = new Map<string, Promise<string>>();
  const servers = new Servers();
  const http = await listenOnLoopback((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const answer = async (): Promise<void> => {
      const content =
        (await asked(request, pathname, servers)) ?? (await contentOf(pathname, scripts));
      const type = TYPES[extname(pathname)] ?? "text/html";
      response.writeHead(200, { ...HEADERS, "content-type": type }).end(content);
    };
    answer().catch((error: unknown) => response.writeHead(404, HEADERS).end(String(error)));
  }, port);
  return {
    origin: http.origin,
    [Symbol.asyncDispose]: async () => {
      await http[Symbol.asyncDispose]();
      await servers[Symbol.asyncDispose]();
    },
  };
}

/** What a page asks of servers; undefined if it asks for content. */
async function asked(
  request: IncomingMessage,
  path: string,
  servers: Servers,
): Promise<string | undefined> {
  const { method, headers } = request;
  if (path === "/servers" && method === "POST") {
    const wanted = (await json(request)) as Wanted;
    return JSON.stringify(await servers.start(wanted, `http://${headers.host}`));
  }
  const [, name] = SERVER.exec(path) ?? [];
  if (name === undefined || method !== "DELETE") return undefined;
  await servers.stop(Number(name));
  return "";
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
        process: [standIn("process.ts"), "default"],
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
    resolveId: (id, importer) => {
      if (TEST_FILES.test(id)) return id;
      const isOwn = id.startsWith(".") && importer !== undefined;
      const file = STAND_INS[isOwn ? relative(ROOT, join(dirname(importer), id)) : id];
      return file === undefined ? null : standIn(file);
    },
    load: (id) => {
      const [, folder] = TEST_FILES.exec(id) ?? [];
      return folder === undefined ? null : importsOf(testFilesIn(folder));
    },
    transform(code, id) {
      if (!code.includes("import.meta.url")) return null;
      const place = JSON.stringify(`/${relative(ROOT, id)}`);
      return code.replaceAll("import.meta.url", `new URL(${place}, location.origin).href`);
    },
  };
}

/** The test files of a folder that a page runs; what is long is Node's alone. */
function testFilesIn(folder: string): readonly string[] {
  const exclude = ["**/*.long.test.ts", ...Object.keys(FILES_LEFT_OUT)];
  return globSync(`test/${folder}/*.test.ts`, { cwd: ROOT, exclude }).toSorted();
}

function importsOf(files: readonly string[]): string {
  const lines = files.map((file) => {
    return `${JSON.stringify(file)}: () => import(${JSON.stringify(join(ROOT, file))}),`;
  });
  return ["export default {", ...lines, "};"].join("\n");
}
