/* What the client needs: nothing but itself and the protocol, so that it runs wherever JavaScript
 * does and brings nothing with it; and what the entries need that are for where there are no
 * sockets.
 */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { followImports } from "../support/imports.ts";

const CLIENT = new URL("../../src/client/", import.meta.url);

test("the client imports no package and no file but its own, the protocol's and four more", () => {
  const seen = new Set<string>();
  for (const name of readdirSync(CLIENT, { recursive: true, encoding: "utf8" })) {
    if (name.endsWith(".ts")) followImports(new URL(name, CLIENT), seen);
  }
  const foreign = [...seen].filter((name) => !/^src\/(?:client|protocol)\//.test(name));
  expect(foreign.toSorted()).toEqual([
    "assembly/constants.ts",
    "assembly/layouts.ts",
    "src/clock.ts",
    "src/near-commands.ts",
  ]);
  expect([...seen]).toEqual(expect.arrayContaining(["src/protocol/reply-reader.ts"]));
});

test.each(["client-elsewhere.ts", "queue-elsewhere.ts"])("%s brings no runtime with it", (name) => {
  const seen = new Set<string>();
  followImports(new URL(`../../src/entries/${name}`, import.meta.url), seen);
  expect([...seen].filter((path) => /^(node:|ws$)|\/runtimes\/|\/transports\//.test(path))).toEqual(
    [],
  );
  expect(seen).toContain("src/client/web-socket-wire.ts");
});
