/* What tests need of the machine is declared, and what is missing is said: the table of programs,
 * the reporter and the test files' tags.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { followImports } from "./imports.ts";
import { has, NEEDS, packageOf, program, PROGRAMS, tagsOf } from "./programs.ts";
import { linesAbout } from "./skipped.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PREPARE = join(ROOT, "test/support/prepare.ts");
const USE = /\b(?:program|right)\("([\w.-]+)"\)/g;
const TAG = /@module-tag ([\w.-]+)|"([\w.-]+)"/g;

/** Every word that `form` finds in a text. */
function words(text: string, form: RegExp): string[] {
  return [...text.matchAll(form)].map(([, first, second]) => first ?? second ?? "");
}

/** What stands in a file and in all of the project's that it imports. */
function textsFrom(file: string): readonly string[] {
  const seen = new Set<string>();
  followImports(pathToFileURL(file), seen);
  const sources = [...seen].filter((name) => name.endsWith(".ts"));
  return sources.map((name) => readFileSync(join(ROOT, name), "utf8"));
}

/** Runs `test/support/prepare.ts` where nothing but these programs is there. */
function prepareWith(path: string) {
  return execa(process.execPath, [PREPARE], { reject: false, env: { PATH: path } });
}

describe("what a machine may lack", () => {
  test.each(globSync("test/**/*.test.ts", { cwd: ROOT }).toSorted())(
    "is declared by %s",
    (name) => {
      const file = join(ROOT, name);
      const text = readFileSync(file, "utf8");
      const used = textsFrom(file).flatMap((one) => words(one, USE));
      const tags = new Set(words(text, TAG));
      expect([...new Set(used)].filter((need) => !tags.has(need))).toEqual([]);
    },
  );

  test("is found on the PATH, else its absence says how to get it", () => {
    const path = process.env["PATH"];
    try {
      process.env["PATH"] = "/nowhere";
      expect(PROGRAMS.filter((name) => has(name))).toEqual([]);
      expect(() => program("promtool")).toThrow(
        "promtool is missing; 'npm run test:prepare' installs it (Debian's package prometheus)",
      );
      const skipping = tagsOf({}).filter((tag) => "skip" in tag);
      expect(skipping.map(({ name }) => name)).toEqual(expect.arrayContaining([...PROGRAMS]));
      expect(tagsOf({ CI: "1" }).filter((tag) => "skip" in tag)).toEqual([]);
    } finally {
      process.env["PATH"] = path;
    }
    expect(tagsOf({}).map(({ name }) => name)).toEqual(NEEDS);
  });

  test("is said by name, then in one line with the command that installs it", () => {
    expect(linesAbout([])).toEqual([]);
    expect(
      linesAbout([
        { name: "a.test.ts > b", missing: ["strace"] },
        { name: "c.test.ts > d", missing: ["beanstalkd", "mounts"] },
      ]),
    ).toEqual([
      "skipped: a.test.ts > b (needs strace)",
      "skipped: c.test.ts > d (needs beanstalkd, the right to mount)",
      "2 tests skipped: beanstalkd, strace, the right to mount are missing; " +
        "'npm run test:prepare' installs them",
    ]);
    expect(linesAbout([{ name: "e", missing: ["mounts"] }])[1]).toBe(
      "1 test skipped: the right to mount is missing; run it as root with CAP_SYS_ADMIN",
    );
  });

  test("cannot be installed without root and apt-get, which is said in one line", async () => {
    const { exitCode, stdout, stderr } = await prepareWith("/nowhere");
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toBe(
      `test:prepare: cannot install ${PROGRAMS.map(packageOf).join(" ")}: ` +
        "it takes root (or sudo without a password) and apt-get",
    );
  });
});
