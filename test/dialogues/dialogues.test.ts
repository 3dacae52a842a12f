/* Every dialogue against every target: one test per case and target (see conformance.ts for what
 * passes). The targets of our server that are processes need `npm run build` to have run.
 */
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { Need } from "../support/programs.ts";
import { Conformance } from "./conformance.ts";
import { parseCases } from "./dialogue.ts";
import type { Step } from "./dialogue.ts";
import { nameOf, parseDifferences } from "./differences.ts";
import { uncounted } from "./upstream.ts";
import { beanstalkdTarget } from "./targets/beanstalkd.ts";
import { homemakerTarget } from "./targets/homemaker.ts";
import { sessionTarget } from "./targets/session.ts";

// Most of the time the cases wait for the clock.
vi.setConfig({ maxConcurrency: 16, testTimeout: 180_000, hookTimeout: 60_000 });

const HERE = new URL("./", import.meta.url);
const DIFFERENCES = "differences.txt";

function read(file: string): string {
  return readFileSync(new URL(file, HERE), "utf8");
}

const files = readdirSync(HERE).filter((file) => file.endsWith(".txt") && file !== DIFFERENCES);
const cases = files.toSorted().flatMap((file) => parseCases(read(file), file));
const differences = parseDifferences(read(DIFFERENCES), DIFFERENCES);

const ONE = { threads: 1, shards: 1 };
const SEVERAL = { threads: 3, shards: 4 };
const targets = [
  beanstalkdTarget(),
  sessionTarget({ title: "sessions alone, 1 thread, 1 shard", ...ONE }),
  sessionTarget({ title: "sessions alone, 3 threads, 4 shards", ...SEVERAL }),
  homemakerTarget({ title: "homemaker, TCP, 1 thread, 1 shard", ...ONE, listen: "tcp" }),
  homemakerTarget({ title: "homemaker, Unix socket, 1 thread, 1 shard", ...ONE, listen: "unix" }),
  homemakerTarget({ title: "homemaker, TCP, 3 threads, 4 shards", ...SEVERAL, listen: "tcp" }),
  homemakerTarget({ title: "homemaker, with data", ...ONE, listen: "tcp", keepsJobs: true }),
].map((target) => new Conformance(target, differences));

for (const judged of targets) {
  const tags: Need[] = judged.target.server === "beanstalkd" ? ["beanstalkd"] : [];
  describe(judged.target.title, { tags }, () => {
    afterAll(() => judged.target.close());

    describe.concurrent("answers as the dialogues say", () => {
      for (const dialogue of cases) {
        const difference = judged.difference(dialogue);
        const listed = difference === undefined ? "" : ` (differs: ${difference.reason})`;
        test(`${nameOf(dialogue)}${listed}`, () => judged.check(dialogue));
      }
    });

    for (const listed of judged.sometimes) {
      test(`goes wrong now and then: ${listed.reason}`, () => judged.checkSometimes(listed, cases));
    }
  });
}

describe("the list of differences", () => {
  test("names only cases that exist", () => {
    const names = new Set(cases.map(nameOf));
    const listed = differences.sometimes.flatMap((entry) => [...entry.names]);
    listed.push(...differences.cases.map(({ name }) => name));
    expect(listed.filter((name) => !names.has(name))).toEqual([]);
  });

  test("names only keys that some case looks at", () => {
    const keys = new Set(cases.flatMap((dialogue) => dialogue.steps).flatMap(yamlKeys));
    const listed = differences.unquoted.flatMap((entry) => [...entry.keys]);
    expect(listed.filter((key) => !keys.has(key))).toEqual([]);
  });
});

test("every test of beanstalkd's own suite has its dialogue, or its reason why not", () => {
  expect(uncounted(cases)).toEqual([]);
});

function yamlKeys(step: Step): string[] {
  if (step.do !== "yaml") return [];
  return step.lines.flatMap(({ key }) => (key === null ? [] : [key]));
}
