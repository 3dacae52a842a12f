/* Dashboard: bundles src/dashboard/ into build/dashboard/, which the server hands out as it is.
 *
 * One script, one sheet, each with a hash of its content in its name (so they may be kept for
 * ever), and index.html, which names them. The licences of what is bundled go along. It is built
 * when index.html is missing or older than any source. Several builds at once do no harm: files
 * appear by a rename, index.html last, and what no index.html names any more goes after that.
 *
 * Called by build.ts.
 */
import { createHash } from "node:crypto";
import { globSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { rolldown } from "rolldown";

/** From the root. */
const SOURCE = "src/dashboard/";
const OUTPUT = "build/dashboard/";

/** In the order in which the rules must stand. */
const SHEETS = ["tokens", "base", "frame", "overview", "lists", "job"];

/** Packages whose code is in the bundle. */
const BUNDLED = ["preact", "@preact/signals", "@preact/signals-core", "uplot"];

/**
 * Brings build/dashboard/ up to date.
 *
 * @param root the folder of the project, with a slash at its end
 * @param force bundles, stale or not
 * @returns whether it was bundled now
 * @throws {Error} when the sources do not bundle; then no index.html is left
 */
export async function buildDashboard(root: string, force: boolean): Promise<boolean> {
  if (!force && !isStale(root)) return false;
  const output = root + OUTPUT;
  mkdirSync(output, { recursive: true });
  const started = new Date();
  try {
    const page = readFileSync(`${root}${SOURCE}index.html`, "utf8");
    const files = {
      script: place(output, "main", "js", await bundleScript(root)),
      sheet: place(output, "style", "css", joinSheets(root)),
      icon: place(output, "icon", "svg", readFileSync(`${root}${SOURCE}icon.svg`, "utf8")),
      licenses: put(output, "licenses.txt", licenses(root)),
    };
    const named = page
      .replace("main.js", files.script)
      .replace("style.css", files.sheet)
      .replace("icon.svg", files.icon);
    put(output, "index.html", named.replaceAll(/\n\s+/g, "\n"));
    // As old as the moment when reading began: an edit since then makes it stale.
    utimesSync(`${output}index.html`, started, started);
    removeOthers(output, ["index.html", ...Object.values(files)]);
    return true;
  } catch (error) {
    rmSync(`${output}index.html`, { force: true });
    throw error;
  }
}

function isStale(root: string): boolean {
  const built = statSync(`${root}${OUTPUT}index.html`, { throwIfNoEntry: false })?.mtimeMs ?? -1;
  const sources = [
    ...globSync([`${SOURCE}**/*.{ts,tsx,css,html,svg}`, `${SOURCE}style/`, SOURCE], { cwd: root }),
    "src/toolchain/dashboard.ts",
    ...BUNDLED.map((name) => `node_modules/${name}/package.json`),
  ];
  return sources.some((path) => statSync(root + path).mtimeMs >= built);
}

async function bundleScript(root: string): Promise<string> {
  const bundle = await rolldown({
    input: `${root}${SOURCE}main.tsx`,
    platform: "browser",
    tsconfig: `${root}${SOURCE}tsconfig.json`,
    onLog(_level, log) {
      throw new Error(log.message);
    },
  });
  try {
    const { output } = await bundle.generate({
      format: "es",
      minify: true,
      codeSplitting: false,
      comments: false,
    });
    const [script] = output;
    if (output.length !== 1) throw new Error("expected one script");
    return script.code;
  } finally {
    await bundle.close();
  }
}

/** uPlot's sheet and ours, without comments and needless space. */
function joinSheets(root: string): string {
  const paths = [
    "node_modules/uplot/dist/uPlot.min.css",
    ...SHEETS.map((name) => `${SOURCE}style/${name}.css`),
  ];
  return paths
    .map((path) => readFileSync(root + path, "utf8"))
    .join("\n")
    .replaceAll(/\/\*.*?\*\//gs, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ?([{};,]) ?/g, "$1")
    .replaceAll(";}", "}")
    .trim();
}

function licenses(root: string): string {
  return BUNDLED.map((name) => {
    const folder = `${root}node_modules/${name}/`;
    const { version } = JSON.parse(readFileSync(`${folder}package.json`, "utf8")) as {
      version: string;
    };
    return `${name} ${version}\n\n${readFileSync(`${folder}LICENSE`, "utf8").trim()}\n`;
  }).join(`\n${"-".repeat(80)}\n\n`);
}

/** Writes a file whose name has a hash of its content; returns the name. */
function place(folder: string, stem: string, extension: string, content: string): string {
  const hash = createHash("sha256").update(content).digest("base64url").slice(0, 10);
  return put(folder, `${stem}-${hash}.${extension}`, content);
}

function put(folder: string, name: string, content: string): string {
  const draft = `${folder}${name}.${process.pid}`;
  writeFileSync(draft, content);
  renameSync(draft, folder + name);
  return name;
}

/** Removes what earlier builds left; drafts of other builds stay. */
function removeOthers(folder: string, kept: readonly string[]): void {
  for (const name of readdirSync(folder)) {
    if (!kept.includes(name) && !/\.\d+$/.test(name)) rmSync(folder + name, { force: true });
  }
}
