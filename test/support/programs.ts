/* Programs: what tests need of the machine beyond npm's packages: the one table of it.
 *
 * Each row is a tag of vitest. A test, a `describe` or a whole file says what it needs:
 * `test("...", { tags: ["strace"] }, ...)`, or in the opening comment of a file a line with
 * module-tag, an at sign before it, and the row's name. Where that is missing the test is skipped,
 * and skipped.ts says so; with CI set it runs, and fails. Whoever starts a program asks `program`
 * for its path (`right` for a right), and declared.test.ts finds the test files that do and have no
 * tag.
 *
 * Called by vitest.config.ts, skipped.ts, prepare.ts (`npm run test:prepare`) and the tests'
 * helpers.
 */
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { canMakeCgroup } from "./memory-cgroup.ts";

/** Debian's package of each program; gcc compiles nothing without libc's headers. */
const PACKAGES = {
  beanstalkd: "beanstalkd",
  chromium: "chromium",
  debootstrap: "debootstrap",
  gcc: "gcc libc6-dev",
  ip: "iproute2",
  "mkfs.btrfs": "btrfs-progs",
  openssl: "openssl",
  pg_ctlcluster: "postgresql",
  promtool: "prometheus",
  "rabbitmq-server": "rabbitmq-server",
  "redis-server": "redis-server",
  spin: "spin",
  strace: "strace",
  "systemd-analyze": "systemd",
  "systemd-socket-activate": "systemd",
} as const;
/** Rights that cannot be installed: how a message names them, and whether this process has them. */
const RIGHTS = {
  mounts: { title: "the right to mount", isHeld: canMount },
  cgroups: { title: "the right to make a memory cgroup", isHeld: canMakeCgroup },
} as const;

/** A program that can be started. */
export type Program = keyof typeof PACKAGES;
type Right = keyof typeof RIGHTS;
/** What a test can need. */
export type Need = Program | Right;

declare module "vitest" {
  interface TestTags {
    readonly tags: Need;
  }
}

export const PROGRAMS = Object.keys(PACKAGES) as readonly Program[];
/** Every row. */
export const NEEDS: readonly Need[] = [...PROGRAMS, ...(Object.keys(RIGHTS) as Right[])];
/** What installs the programs. */
export const PREPARE = "npm run test:prepare";

/** Bit of CAP_SYS_ADMIN in the sets of /proc/self/status; root in a container may lack it. */
const CAP_SYS_ADMIN = 21n;

/** A test was started that needs what is not there. */
class MissingProgramError extends Error {
  override readonly name = "MissingProgramError";
  readonly code = "HM_TEST_MISSING_PROGRAM";
}

/** Returns the path of a program; throws a MissingProgramError that says how to get it. */
export function program(name: Program): string {
  const path = pathOf(name);
  if (path !== undefined) return path;
  const how = `'${PREPARE}' installs it (Debian's package ${PACKAGES[name]})`;
  throw new MissingProgramError(`${name} is missing; ${how}`);
}

/** Throws a MissingProgramError where this process has not the right. */
export function right(name: Right): void {
  if (has(name)) return;
  throw new MissingProgramError(`${RIGHTS[name].title} is missing: root with CAP_SYS_ADMIN has it`);
}

/** The Debian package of a program. */
export function packageOf(name: Program): string {
  return PACKAGES[name];
}

/** Whether the machine has it. */
export function has(need: Need): boolean {
  return isRight(need) ? RIGHTS[need].isHeld() : pathOf(need) !== undefined;
}

/** How messages name it. */
export function titleOf(need: Need): string {
  return isRight(need) ? RIGHTS[need].title : need;
}

/** Whether tests of what is missing are skipped; in CI they run, and fail. */
export function isSkipping(env: NodeJS.ProcessEnv): boolean {
  return (env["CI"] ?? "") === "";
}

/**
 * The rows as vitest's tags. Where something is missing its tests are skipped, but not in CI.
 */
export function tagsOf(env: NodeJS.ProcessEnv) {
  return NEEDS.map((name) => ({
    name,
    description: `needs ${titleOf(name)}`,
    ...(isSkipping(env) && !has(name) && { skip: true }),
  }));
}

function isRight(need: Need): need is Right {
  return need in RIGHTS;
}

function pathOf(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
}

function canMount(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "latin1"));
  return ((BigInt(`0x${effective?.[1] ?? "0"}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
}
