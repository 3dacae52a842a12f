/* Skipped: says at the end of a run which tests did not run and what they lack. A reporter of
 * vitest; see programs.ts for what is skipped.
 */
import type { TestCase, TestModule } from "vitest/node";
import { has, isSkipping, NEEDS, PREPARE, PROGRAMS, titleOf } from "./programs.ts";
import type { Need } from "./programs.ts";

/** A test that was skipped, and what of its needs is not there. */
export interface Skipped {
  readonly name: string;
  readonly missing: readonly Need[];
}

/** The reporter. */
export class SkippedReporter {
  /** In CI nothing is skipped for what is missing: there it is an error that says so. */
  readonly #isQuiet: boolean;

  constructor(env: NodeJS.ProcessEnv) {
    this.#isQuiet = !isSkipping(env);
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#isQuiet) return;
    for (const line of linesAbout(modules.flatMap(skippedIn))) console.log(line);
  }
}

function skippedIn(module: TestModule): readonly Skipped[] {
  return [...module.children.allTests("skipped")].flatMap((test) => {
    const missing = missingOf(test);
    const name = `${module.relativeModuleId} > ${test.fullName}`;
    return missing.length === 0 ? [] : [{ name, missing }];
  });
}

function missingOf({ tags }: TestCase): readonly Need[] {
  return NEEDS.filter((need) => tags.includes(need) && !has(need));
}

/** A line for each, and the one that sums them up and says what to type. */
export function linesAbout(skipped: readonly Skipped[]): readonly string[] {
  if (skipped.length === 0) return [];
  const named = (needs: readonly Need[]): string => needs.map(titleOf).join(", ");
  const all = NEEDS.filter((need) => skipped.some(({ missing }) => missing.includes(need)));
  const them = skipped.length === 1 ? "it" : "them";
  const isInstallable = all.some((need) => PROGRAMS.some((program) => program === need));
  const tests = skipped.length === 1 ? "1 test" : `${skipped.length} tests`;
  const verb = all.length === 1 ? "is" : "are";
  const how = isInstallable
    ? `'${PREPARE}' installs ${all.length === 1 ? "it" : "them"}`
    : `run ${them} as root with CAP_SYS_ADMIN`;
  return [
    ...skipped.map(({ name, missing }) => `skipped: ${name} (needs ${named(missing)})`),
    `${tests} skipped: ${named(all)} ${verb} missing; ${how}`,
  ];
}
