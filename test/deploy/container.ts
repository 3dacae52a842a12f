/* Container: an image that runs, as `docker run --read-only` would have it: processes, mounts, a
 * network and a host name of its own, a root that can only be read, and a folder of the machine for
 * its volume. `unshare` makes it, twice: the inner one is process 1 of the outer one's processes,
 * and so they all die with it. One alone would not do: the kernel forgets whom a process dies with
 * when it becomes another user.
 *
 * Whoever starts one must `kill` it.
 */
import { readFileSync } from "node:fs";
import { execa } from "execa";
import { program, right } from "../support/programs.ts";
import { until } from "../support/until.ts";
import type { Image } from "./image.ts";

/** Arguments: the root, the volume's folder in it and outside, the user, and the command. */
const RUN = `
root=$1 volume=$2 folder=$3 user=$4; shift 4
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --bind "$folder" "$root$volume"
mount -o remount,bind,ro "$root"
"$IP" link set lo up
exec env -u IP chroot --userspec="$user" "$root" "$@"`;
const NAMESPACES = ["--mount", "--pid", "--net", "--ipc", "--uts"];

/** One. */
export class Container {
  readonly #image: Image;
  readonly #process;
  #output = "";

  /** With a folder for its volume, which belongs to its user, and arguments of its command. */
  constructor(image: Image, folder: string, args: readonly string[] = []) {
    right("mounts");
    const { root, volume = "/mnt", user = "0:0", entrypoint, env } = image;
    this.#image = image;
    const outer = ["--pid", "--fork", "--kill-child", "unshare"];
    const inner = [...NAMESPACES, "--fork", "sh", "-ec", RUN, "sh"];
    const words = [root, volume, folder, user, ...entrypoint, ...args];
    this.#process = execa("unshare", [...outer, ...inner, ...words], {
      env: { ...env, IP: program("ip") },
      extendEnv: false,
      all: true,
      reject: false,
    });
    this.#process.all.on("data", (chunk: Buffer) => (this.#output += chunk.toString()));
  }

  /** What it has printed. */
  get output(): string {
    return this.#output;
  }

  /** The machine's numbers of its process 1 and of that one's children. */
  get processes(): readonly number[] {
    const [inner = 0] = childrenOf(this.#process.pid ?? 0);
    const [first] = childrenOf(inner);
    return first === undefined ? [] : [first, ...childrenOf(first)];
  }

  async listening(): Promise<void> {
    const hasPrinted = (): boolean => this.#output.includes("listening on");
    await until("it listens", hasPrinted, () => this.#output);
  }

  /** Runs a command in it, as its user; returns its exit code and what it printed. */
  async run(
    words: readonly string[],
    variables: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly code: number | undefined; readonly printed: string }> {
    const { env, user = "0:0" } = this.#image;
    const [target] = this.processes;
    const inside = [...NAMESPACES, "--root", `--target=${target}`];
    const args = [...inside, "chroot", `--userspec=${user}`, "/", ...words];
    const options = { env: { ...env, ...variables }, extendEnv: false, all: true, reject: false };
    const { exitCode, all } = await execa("nsenter", args, { ...options, all: true });
    return { code: exitCode, printed: all };
  }

  /** Its health check, as Docker asks it. */
  health(variables?: Readonly<Record<string, string>>): ReturnType<Container["run"]> {
    return this.run(this.#image.health, variables);
  }

  /** Tells process 1 to stop, as `docker stop` does; resolves with the exit code. */
  async stop(): Promise<number | undefined> {
    const [first] = this.processes;
    if (first !== undefined) process.kill(first, this.#image.stopSignal);
    return (await this.#process).exitCode;
  }

  /** Ends it however it stands. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process;
  }
}

function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}
