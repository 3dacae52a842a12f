/*
 * docs/work.md: its module and its configuration are taken as it says; its table of keys has all
 * there are.
 */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { jobsOf } from "../../src/cli/work/jobs-module.ts";
import { planOf } from "../../src/cli/work/pools.ts";
import { NO_CONFIG, workConfigOf } from "../../src/cli/work/work-config.ts";
import { defineJob, unchecked } from "../../src/entries/queue.ts";
import { codeBlocks, readPage, section, tableRows } from "./page.ts";
import { writeProgram } from "./programs.ts";

const PAGE = readPage("docs/work.md");
const ENTRY = "src/entries/queue.ts";
const FLAGS = { concurrency: undefined, grace: undefined };

test("the module is run as the line below it says", async () => {
  const [module = ""] = codeBlocks(PAGE, "ts");
  const [line = ""] = codeBlocks(PAGE, "text");
  const path = fileURLToPath(writeProgram("work.ts", module, ENTRY));
  const exported = (await import(path)) as Readonly<Record<string, unknown>>;
  const { pools } = planOf(jobsOf([[path, exported]]), NO_CONFIG, FLAGS);
  const shown = pools.map(({ name, slots, types }) => {
    return `(pool ${name}, slots: ${slots}): ${types.join(", ")}\n`;
  });
  expect(line).toContain(shown.join(""));
});

test("the configuration makes the pools that it names", () => {
  const [text = ""] = codeBlocks(PAGE, "json");
  const exported = Object.fromEntries(
    ["mail.send", "mail.digest", "thumbnail", "transcode"].map((type) => {
      const job = defineJob(type, { payload: unchecked<number>() });
      return [type, job.handler(() => undefined)];
    }),
  );
  const config = workConfigOf("workers.json", JSON.parse(text));
  const { pools, idle } = planOf(jobsOf([["jobs.ts", exported]]), config, FLAGS);
  expect(pools.map(({ name, slots, types }) => [name, slots, ...types])).toEqual([
    ["mails", "50", "mail.send", "mail.digest"],
    ["media", "1 to 4", "thumbnail", "transcode"],
  ]);
  expect(idle).toEqual([]);
  expect(config).toMatchObject({ modules: ["./jobs.ts"], queue: "homemaker://10.0.0.7" });
});

test("the table of keys names all there are", () => {
  const said = tableRows(section(PAGE, "Pools")).flatMap(([cell = ""]) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, key]) => key),
  );
  expect(() => workConfigOf("w", { stray: 1 })).toThrow(`there are ${said.join(", ")}`);
});
