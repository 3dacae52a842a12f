/*
 * Packages that only some back ends need are imported when such a one is opened, and not before: a
 * program that has none of them installed can do all else.
 */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const { peerDependencies, peerDependenciesMeta, dependencies } = JSON.parse(
  readFileSync(`${ROOT}package.json`, "utf8"),
) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;

test.each(["ioredis", "amqplib"])(
  "%s is an optional peer, and imported when it is used",
  (name) => {
    expect(peerDependencies).toHaveProperty([name]);
    expect(peerDependenciesMeta).toHaveProperty([name], { optional: true });
    expect(dependencies).not.toHaveProperty([name]);
    const uses = globSync("src/**/*.ts", { cwd: ROOT }).flatMap((path) => {
      const text = readFileSync(`${ROOT}${path}`, "utf8");
      return text.split("\n").filter((line) => line.includes(`"${name}"`));
    });
    const imports = uses.filter((line) => /\b(?:from|import)\b/.test(line));
    expect(imports).toEqual([expect.stringContaining(`() => import("${name}")`)]);
  },
);
