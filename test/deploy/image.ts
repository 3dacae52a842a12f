/* Image: what a Dockerfile makes, in a folder: its stages are carried out as Docker would, each in
 * a root of its own, its RUN lines by `unshare` with processes and mounts of their own.
 *
 * What is not as with Docker: the base images (base-images.ts), and the network and the users are
 * the machine's. npm has the machine's cache while it runs, and its certificates where the machine
 * has some that Node does not know. All of that is mounted, and so is not in the image.
 */
import { cp, mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, join, matchesGlob, relative } from "node:path";
import { execa } from "execa";
import { right } from "../support/programs.ts";
import { ROOT } from "../support/runtimes.ts";
import { layBase } from "./base-images.ts";
import { stagesOf, variablesOf, wordsOf } from "./dockerfile.ts";
import type { Instruction, Stage } from "./dockerfile.ts";

/** An image. */
export interface Image {
  /** The folder that is its root. */
  readonly root: string;
  /** `uid:gid`; root's if absent. */
  readonly user?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly health: readonly string[];
  readonly volume?: string;
  readonly stopSignal: string;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const CACHE = "/root/.npm";
const CERTIFICATES = "/run/certificates.pem";
/** Arguments: the root, the folder in it, the cache and the certificates or "", and a command. */
const RUN = `
mount -t proc proc "$1/proc"
mkdir -p "$1${CACHE}" && mount --bind "$3" "$1${CACHE}"
if [ -n "$4" ]; then touch "$1${CERTIFICATES}" && mount --bind "$4" "$1${CERTIFICATES}"; fi
exec chroot "$1" sh -c 'cd "$1" && exec sh -ec "$2"' sh "$2" "$5"`;

/** Carries out a Dockerfile with the project as its context, in an empty folder. */
export async function buildImage(directory: string, file: string): Promise<Image> {
  right("mounts");
  const ignored = (await readFile(`${file}.dockerignore`, "utf8")).trim().split("\n");
  const roots = new Map<string, string>();
  let image: Image | undefined;
  for (const [at, stage] of stagesOf(await readFile(file, "utf8")).entries()) {
    const name = stage.name ?? String(at);
    const root = join(directory, name);
    roots.set(name, root);
    await layBase(stage.base, root);
    image = await new Building(root, roots, ignored).carryOut(stage);
  }
  if (image === undefined) throw new Error(`${file} has no stage`);
  return image;
}

/** One stage that is being carried out. */
class Building {
  readonly #root: string;
  readonly #roots: ReadonlyMap<string, string>;
  readonly #ignored: readonly string[];
  #directory = "/";
  #image: Image;

  constructor(root: string, roots: ReadonlyMap<string, string>, ignored: readonly string[]) {
    this.#root = root;
    this.#roots = roots;
    this.#ignored = ignored;
    this.#image = { root, env: { PATH }, entrypoint: [], health: [], stopSignal: "SIGTERM" };
  }

  async carryOut({ instructions }: Stage): Promise<Image> {
    for (const one of instructions) await this.#step(one);
    return this.#image;
  }

  async #step({ name, text }: Instruction): Promise<void> {
    const image = this.#image;
    if (name === "RUN") await this.#run(text);
    else if (name === "COPY") await this.#copy(text.split(" "));
    else if (name === "WORKDIR") await this.#enter(text);
    else if (name === "ENV")
      this.#image = { ...image, env: { ...image.env, ...variablesOf(text) } };
    else if (name === "USER") this.#image = { ...image, user: text };
    else if (name === "VOLUME") this.#image = { ...image, volume: text };
    else if (name === "HEALTHCHECK") this.#image = { ...image, health: wordsOf(text) };
    else if (name === "ENTRYPOINT") this.#image = { ...image, entrypoint: wordsOf(text) };
    else if (name === "STOPSIGNAL") this.#image = { ...image, stopSignal: text };
    else if (name !== "EXPOSE") throw new Error(`${name} is not known here`);
  }

  async #enter(path: string): Promise<void> {
    this.#directory = path;
    await mkdir(join(this.#root, path), { recursive: true });
  }

  async #run(command: string): Promise<void> {
    const { env, user } = this.#image;
    if (user !== undefined) throw new Error("RUN after USER is not known here");
    const { stdout: cache } = await execa("npm", ["config", "get", "cache"]);
    const certificates = process.env["NODE_EXTRA_CA_CERTS"] ?? "";
    const own = certificates === "" ? {} : { NODE_EXTRA_CA_CERTS: CERTIFICATES };
    const flags = ["--mount", "--pid", "--fork", "--kill-child"];
    const args = [this.#root, this.#directory, cache, certificates, command];
    await mkdir(cache, { recursive: true });
    await execa("unshare", [...flags, "sh", "-ec", RUN, "sh", ...args], {
      env: { HOME: "/root", ...env, ...own },
      extendEnv: false,
      all: true,
    });
    await rm(join(this.#root, CERTIFICATES), { force: true });
  }

  async #copy(words: readonly string[]): Promise<void> {
    const from = words[0]?.startsWith("--from=") === true ? words[0].slice(7) : undefined;
    const paths = from === undefined ? words : words.slice(1);
    const source = from === undefined ? ROOT : this.#roots.get(from);
    if (source === undefined) throw new Error(`COPY from ${from}, which is no stage`);
    const target = paths.at(-1) ?? "";
    const inside = target.startsWith("/") ? target : join(this.#directory, target);
    for (const path of paths.slice(0, -1)) {
      const isFolder = (await stat(join(source, path))).isDirectory();
      const isInto = !isFolder && /(^|\/)\.?$/.test(target);
      const to = join(this.#root, inside, isInto ? basename(path) : "");
      await this.#copyTree(join(source, path), to, from === undefined);
    }
  }

  /** Copies a file, or what is in a folder; of the context no more than is not ignored. */
  async #copyTree(from: string, to: string, isContext: boolean): Promise<void> {
    const isIgnored = (path: string): boolean =>
      this.#ignored.some((pattern) => matchesGlob(relative(ROOT, path), pattern));
    await cp(from, to, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !isContext || !isIgnored(path),
    });
  }
}

/** The bytes of all files below a folder. */
export async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(
    async ({ parentPath, name }) => (await stat(join(parentPath, name))).size,
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
