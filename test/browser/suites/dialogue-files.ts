/* Dialogue files: the cases of test/dialogues and the list of differences, from the site. */
import { parseCases } from "../../dialogues/dialogue.ts";
import type { Case } from "../../dialogues/dialogue.ts";
import { parseDifferences } from "../../dialogues/differences.ts";
import type { Differences } from "../../dialogues/differences.ts";

const FOLDER = "/test/dialogues/";
const DIFFERENCES = "differences.txt";

async function text(file: string): Promise<string> {
  return (await fetch(FOLDER + file)).text();
}

/** All cases, in the order of their files. */
export async function allCases(): Promise<readonly Case[]> {
  const names = (await (await fetch(FOLDER)).json()) as readonly string[];
  const files = names.filter((name) => name.endsWith(".txt") && name !== DIFFERENCES);
  const cases = files.toSorted().map(async (file) => parseCases(await text(file), file));
  return (await Promise.all(cases)).flat();
}

export async function allDifferences(): Promise<Differences> {
  return parseDifferences(await text(DIFFERENCES), DIFFERENCES);
}
