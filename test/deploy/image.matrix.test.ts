/* The image of deploy/Dockerfile, whose instructions are carried out one by one without Docker, and
 * what its container does.
 *
 * @module-tag debootstrap
 * @module-tag ip
 * @module-tag mounts
 */
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { until } from "../support/until.ts";
import { Container } from "./container.ts";
import { DEPLOY } from "./deployed.ts";
import { buildImage, bytesBelow } from "./image.ts";
import type { Image } from "./image.ts";

const BUILT_MS = 1_200_000;
const UID = 11_300;
const MEGABYTE = 1_000_000;

let directory = "";
let image: Image;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "homemaker-image-"));
  image = await buildImage(directory, join(DEPLOY, "Dockerfile"));
}, BUILT_MS);
// A whole clone with its packages is in there.
afterAll(() => rmSync(directory, { recursive: true }), BUILT_MS);

/** A container of the image, and the folder of its volume. */
function started(name: string, ...args: string[]): Container {
  const folder = join(directory, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chownSync(folder, UID, UID);
  const container = new Container(image, folder, args);
  onTestFinished(() => container.kill());
  return container;
}

/** That field of a process, as /proc has it. */
function field(pid: number | undefined, name: string): string {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
}

test("the image is Debian, Node, and little else", async () => {
  const node = statSync(join(image.root, "usr/local/bin/node")).size;
  const own = await bytesBelow(join(image.root, "opt"));
  expect(node / MEGABYTE).toBeLessThan(150);
  expect(own / MEGABYTE).toBeLessThan(10); // 8.5, the packages that it needs among them
});

test("a container is nobody's root, writes to its volume alone, and says how it is", async () => {
  const container = started("health");
  await container.listening();
  const [first, server] = container.processes;
  for (const pid of [first, server]) {
    expect(field(pid, "Uid").split("\t")).toEqual(Array.from({ length: 4 }, () => String(UID)));
    expect(field(pid, "Groups").trim()).toBe(String(UID));
    expect(field(pid, "CapEff")).toMatch(/^0+$/);
  }
  expect(field(server, "NSpid")).not.toMatch(/\t1$/);
  const mounts = (await container.run(["cat", "/proc/mounts"])).printed.split("\n");
  const [root, data] = ["/", "/data"].map((where) =>
    mounts
      .findLast((line) => line.split(" ")[1] === where)
      ?.split(" ")[3]
      ?.split(","),
  );
  expect([root?.[0], data?.[0]]).toEqual(["ro", "rw"]);
  expect(await container.health()).toMatchObject({ code: 0 });
  const elsewhere = await container.health({ HOMEMAKER_ADDRESS: "127.0.0.1:1" });
  expect(elsewhere.code).not.toBe(0);
});

test("its process 1 buries whoever loses his parent", async () => {
  const container = started("orphans");
  await container.listening();
  const before = container.processes.length;
  await container.run(["sh", "-c", "sleep 1 > /dev/null 2>&1 &"]);
  expect(container.processes).toHaveLength(before + 1);
  await until("it is buried", () => container.processes.length === before);
});

test("it ends in order when it is told to stop, and another one has its jobs", async () => {
  const first = started("jobs", "--durability", "os");
  await first.listening();
  expect(await first.run(["homemaker", "put", "default", "a job"])).toMatchObject({ code: 0 });
  expect(await first.stop()).toBe(0);
  const second = started("jobs");
  await second.listening();
  expect((await second.run(["homemaker", "peek", "1"])).printed).toContain("a job");
  expect(await second.stop()).toBe(0);
});
