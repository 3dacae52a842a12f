/* The dialogues with beanstalkd, and what the lists about them may say. */
import { describe, expect, test } from "vitest";
import type { Step } from "./dialogue.ts";
import { nameOf } from "./differences.ts";
import { cases, differences, holdDialogues } from "./suite.ts";
import { beanstalkdTarget } from "./targets/beanstalkd.ts";
import { uncounted } from "./upstream.ts";

holdDialogues(beanstalkdTarget(), { tags: ["beanstalkd"] });

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
