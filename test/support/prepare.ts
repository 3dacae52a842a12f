/* The command `npm run test:prepare`: installs the programs that tests need and this machine lacks
 * (programs.ts has the table), with apt-get, as root or by a sudo that asks nothing.
 *
 * Exit code 0: all are there; 1: one line says what is missing and why it cannot be installed.
 */
import { spawnSync } from "node:child_process";
import { has, packageOf, PROGRAMS } from "./programs.ts";

process.exitCode = prepare();

function prepare(): number {
  const missing = PROGRAMS.filter((name) => !has(name));
  if (missing.length === 0) {
    console.log(`test:prepare: nothing to install: ${PROGRAMS.join(", ")} are there`);
    return 0;
  }
  const packages = missing.map(packageOf).join(" ");
  const before = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  if (!succeeds([...before, "apt-get", "--version"], "ignore")) {
    const wanted = "it takes root (or sudo without a password) and apt-get";
    return fail(`cannot install ${packages}: ${wanted}`);
  }
  console.log(`test:prepare: installing Debian's packages ${packages}`);
  const apt = [...before, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"];
  const isDone =
    succeeds([...apt, "update"], "inherit") &&
    succeeds(
      [...apt, "install", "-y", "--no-install-recommends", ...packages.split(" ")],
      "inherit",
    );
  if (!isDone) return fail(`apt-get could not install ${packages}`);
  const still = PROGRAMS.filter((name) => !has(name));
  return still.length === 0 ? 0 : fail(`${still.join(", ")}: installed, but not on the PATH`);
}

function succeeds(
  [command = "", ...words]: readonly string[],
  stdio: "ignore" | "inherit",
): boolean {
  return spawnSync(command, words, { stdio }).status === 0;
}

function fail(why: string): number {
  console.error(`test:prepare: ${why}`);
  return 1;
}
