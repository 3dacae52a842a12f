/* Assets: the dashboard's files, as the build left them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { assetRoutes } from "../../src/http/assets.ts";
import { HttpPort } from "./http-port.ts";

const BUILT = new URL("../../build/dashboard/", import.meta.url);

test("every file of the dashboard is there, without a token, and no other", async () => {
  await using http = await HttpPort.start({ flags: ["--http-token", "a-token-of-some-length"] });
  const names = await readdir(BUILT);
  expect(names).toContain("index.html");
  for (const name of names) {
    const { status, text } = await http.ask(`/${name}`);
    expect([name, status, text]).toEqual([name, 200, await readFile(new URL(name, BUILT), "utf8")]);
  }
  const page = await http.ask("/");
  expect(page.headers).toMatchObject({ "content-type": "text/html; charset=utf-8" });
  expect(page.headers["cache-control"]).toBe("no-cache");
  const script = /src="([^"]+\.js)"/.exec(page.text)?.[1] ?? "";
  const { headers } = await http.ask(`/${script}`);
  expect(headers["content-type"]).toBe("text/javascript; charset=utf-8");
  expect(headers["cache-control"]).toContain("immutable");
  expect(await http.ask(`/${script}`, { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
});

test("without a build the page says so, and files of other kinds are not handed out", async () => {
  const folder = mkdtempSync(`${tmpdir()}/homemaker-assets-`);
  try {
    const missing = await assetRoutes(pathToFileURL(`${folder}/none/`));
    expect(missing.map(({ path }) => path)).toEqual(["/"]);
    writeFileSync(`${folder}/secret.pem`, "no");
    writeFileSync(`${folder}/a b.css`, "yes");
    const found = await assetRoutes(pathToFileURL(`${folder}/`));
    expect(found.map(({ path }) => path)).toEqual(["/", "/a b.css"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
