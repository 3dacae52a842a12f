/* Support: what a server knows, by its own words: its answer to `features`, which a plain
 * beanstalkd does not know.
 */
import { COMMANDS } from "../protocol/commands.ts";
import { parseDocument } from "./document.ts";

/**
 * Something that a server may know: a command by its name, a tag of `put` as `tag:<name>`, and what
 * commands may say: a failure message, a weight, parts of a second.
 */
export type Feature = "failures" | "weights" | "milliseconds" | `tag:${string}` | (string & {});

const PLAIN: readonly Feature[] = COMMANDS.filter(({ isAddition }) => isAddition !== true).map(
  ({ name }) => name,
);
const TEXT = new TextDecoder();

/** What one server knows. */
export class Support {
  readonly #features: ReadonlySet<Feature>;
  /** Its version; undefined of a plain beanstalkd, which does not say. */
  readonly version: string | undefined;

  private constructor(features: Iterable<Feature>, version: string | undefined) {
    this.#features = new Set(features);
    this.version = version;
  }

  /** beanstalkd's. */
  static readonly plain: Support = new Support(PLAIN, undefined);

  /** Of the document that `features` answers with. */
  static of(document: Uint8Array): Support {
    const facts = parseDocument(TEXT.decode(document));
    const commands = textsOf(facts["commands"]);
    const features = [
      ...commands.map(firstWord),
      ...textsOf(facts["tags"]).map((tag) => `tag:${tag.split(":", 1)[0] ?? ""}`),
      "milliseconds",
      ...(commands.some((usage) => /^bury .*\[<bytes>\]/.test(usage)) ? ["failures"] : []),
      ...(commands.some((usage) => /^watch .*\[<weight>\]/.test(usage)) ? ["weights"] : []),
    ];
    const { version } = facts;
    return new Support(features, typeof version === "string" ? version : "");
  }

  has(feature: Feature): boolean {
    return this.#features.has(feature);
  }

  /** The first of these that it does not know. */
  lacks(needs: readonly Feature[] | undefined): Feature | undefined {
    return needs?.find((feature) => !this.has(feature));
  }
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function firstWord(usage: string): string {
  return usage.split(" ", 1)[0] ?? "";
}
