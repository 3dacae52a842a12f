/* Base images: the roots that Dockerfiles start from, made of Debian's packages and npm's, since no
 * registry of images is asked.
 *
 * A Debian is what debootstrap makes, which takes minutes, so it is kept in build/bases/. It is
 * larger than the image of the same name, which lacks manuals and translations. Node's image is
 * that, the library that Node needs, and the Node and the npm that run the tests.
 */
import { copyFile, cp, mkdir, readFile, realpath, rename, rm, symlink } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { program } from "../support/programs.ts";
import { ROOT } from "../support/runtimes.ts";

const MIRROR = "http://deb.debian.org/debian";

/** Fills a folder, which is not there yet, with the image of that name. */
export async function layBase(image: string, root: string): Promise<void> {
  const [, node, suite] = /^(?:debian:|node:(\d+)-)(\w+)-slim$/.exec(image) ?? [];
  if (suite === undefined) throw new Error(`no base image is called ${image}`);
  await execa("cp", ["-a", await debian(suite), root]);
  await copyFile("/etc/resolv.conf", join(root, "etc/resolv.conf"));
  if (node !== undefined) await addNode(node, root);
}

/** Where the Debian of that name lies. */
async function debian(suite: string): Promise<string> {
  const kept = join(ROOT, "build/bases", suite);
  if (existsSync(kept)) return kept;
  const draft = `${kept}.${process.pid}`;
  await mkdir(dirname(kept), { recursive: true });
  try {
    await execa(program("debootstrap"), ["--variant=minbase", suite, draft, MIRROR]);
    await rename(draft, kept);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return kept;
}

async function addNode(major: string, root: string): Promise<void> {
  if (!process.version.startsWith(`v${major}.`)) {
    throw new Error(`the image has Node ${major}, and this is ${process.version}`);
  }
  const local = join(root, "usr/local");
  await copyFile(process.execPath, join(local, "bin/node"));
  const apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"];
  await execa("chroot", [root, ...apt, "update"]);
  await execa("chroot", [root, ...apt, "install", "-y", "--no-install-recommends", "libatomic1"]);
  const npm = await folderOfNpm();
  await cp(npm, join(local, "lib/node_modules/npm"), { recursive: true, verbatimSymlinks: true });
  await symlink("../lib/node_modules/npm/bin/npm-cli.js", join(local, "bin/npm"));
}

/** The folder of the npm on the PATH. */
async function folderOfNpm(): Promise<string> {
  const { stdout } = await execa("which", ["npm"]);
  const folder = dirname(dirname(await realpath(stdout)));
  const { name } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    readonly name: string;
  };
  if (name !== "npm") throw new Error(`npm is not in ${folder}`);
  return folder;
}
