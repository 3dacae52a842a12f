/* Still running: says which test files had not come to their end when the run was told to, as CI
 * tells one whose time is up. A reporter of vitest; .ci/run's limits are why it is there.
 */
import type { TestModule } from "vitest/node";

/** The reporter. */
export class StillRunningReporter {
  readonly #running = new Set<TestModule>();

  onInit(): void {
    process.once("SIGTERM", () => {
      for (const line of linesAbout([...this.#running])) console.log(line);
    });
  }

  onTestModuleStart(module: TestModule): void {
    this.#running.add(module);
  }

  onTestModuleEnd(module: TestModule): void {
    this.#running.delete(module);
  }
}

/** A line for each file, with the tests of it that have no result. */
function linesAbout(modules: readonly TestModule[]): readonly string[] {
  return modules.map((module) => {
    const names = [...module.children.allTests("pending")].map(({ fullName }) => fullName);
    return `still running: ${module.relativeModuleId}: ${names.join(", ") || "after its tests"}`;
  });
}
