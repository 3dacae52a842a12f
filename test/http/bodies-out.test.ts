/*
 * Jobs over HTTP whose bodies are not in memory: they are listed, looked for, shown, downloaded and
 * deleted as others are.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BulkAnswer, JobAnswer, JobsAnswer } from "../../src/http/api-jobs.ts";
import { HttpPort, talk } from "./http-port.ts";

const JOBS = 3000;
/** Others, which are buried one after the other. */
const BURIED_JOBS = 1500;
const PADDING = "x".repeat(1000);

let directory: string;
let http: HttpPort;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "homemaker-out-"));
  http = await HttpPort.start({ flags: ["--data", directory, "--memory", "1MiB"] });
  const puts = Array.from({ length: JOBS }, (_, at) => {
    const body = bodyOf(at + 1);
    return `put 0 0 60 ${body.length}\r\n${body}\r\n`;
  });
  const put = `put 0 0 60 ${PADDING.length}\r\n${PADDING}\r\n`;
  const buried = Array.from({ length: BURIED_JOBS }, (_, at) => {
    const id = JOBS + at + 1;
    return `${put}reserve-job ${id}\r\nbury ${id} 0\r\n`;
  });
  await talk(http, `use out\r\n${puts.join("")}use buried\r\n${buried.join("")}`);
});
afterAll(async () => {
  await http.server.stop();
  rmSync(directory, { recursive: true });
});

/** Each begins with its job's number, and each thousandth has a needle. */
function bodyOf(id: number): string {
  return `${id} ${id % 1000 === 0 ? "needle" : "hay"} ${PADDING}`;
}

const jobs = async (query: string, tube = "out") =>
  (await http.json(`/api/v1/tubes/${tube}/jobs?${query}`)) as JobsAnswer;
const text = (base64: string): string => Buffer.from(base64, "base64").toString("latin1");

async function awayJobs(): Promise<number> {
  return Number(/^current-jobs-away: (\d+)/m.exec(await talk(http, "stats\r\n"))?.[1]);
}

test("one is shown, and downloaded, with its whole body", async () => {
  expect(await awayJobs()).toBeGreaterThan(JOBS / 2);
  const shown = (await http.json("/api/v1/jobs/2998")) as JobAnswer;
  expect(text(shown.body.base64)).toBe(bodyOf(2998));
  expect((await http.ask("/api/v1/jobs/2997/body")).text).toBe(bodyOf(2997));
});

test("a filter is looked for in bodies that are not in memory", async () => {
  const found = await jobs("filter=needle");
  expect(found.jobs.map(({ id }) => id)).toEqual([1000, 2000, 3000]);
});

test("each job of a list has the beginning of its body", async () => {
  const listed = await jobs("after=600&limit=100");
  expect(listed.jobs).toHaveLength(100);
  for (const { id, bytes, preview } of listed.jobs) {
    expect(bytes).toBe(bodyOf(id).length);
    expect(bodyOf(id).startsWith(text(preview.base64))).toBe(true);
    expect(text(preview.base64)).not.toBe("");
  }
});

test("no list reads back more bodies than it shows", async () => {
  const brought = async (): Promise<number> =>
    Number(/^bodies-read-back: (\d+)/m.exec(await talk(http, "stats\r\n"))?.[1]);
  const reads: number[] = [];
  for (let after = 0; after < BURIED_JOBS; after += 150) {
    const before = await brought();
    const listed = await jobs(`state=buried&order=newest&after=${after}&limit=50`, "buried");
    expect(listed.jobs).toHaveLength(50);
    reads.push((await brought()) - before);
  }
  const most = Math.max(...reads);
  expect(most).toBeGreaterThan(0);
  expect(most, `they read ${reads.join()}`).toBeLessThanOrEqual(50);
});

test("many at a time are deleted by what is in their bodies", async () => {
  const bulk = { action: "delete", tube: "out", state: "ready", filter: "needle" };
  const answer = JSON.parse((await http.change("/api/v1/bulk", bulk)).text) as BulkAnswer;
  expect(answer).toMatchObject({ matched: 3 });
  expect((await jobs("filter=needle")).jobs).toEqual([]);
});
