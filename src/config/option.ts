/* Option: what the declaration of an option says. Declared in options.ts; the command line and the
 * generated pages read the declarations.
 */
import type { Units } from "../text/control.ts";

/** One option: a value that can be set by a flag and by a variable of the environment. */
export interface Option<Value> {
  /**
   * Long flag without its dashes. The variable of the environment is HOMEMAKER_ and this in
   * capitals.
   */
  readonly name: string;
  /** One-letter flag without its dash; those that beanstalkd has mean what they mean there. */
  readonly short?: string;
  /** Heading below which help and docs show the option. */
  readonly category: Category;
  /**
   * What stands for the value in help, for instance "BYTES"; if absent, the flag takes no value,
   * the times it is given are counted.
   */
  readonly placeholder?: string;
  /** One sentence fragment, lower case, without a full stop. */
  readonly help: string;
  readonly default: Value;
  /** The default in words, where the value does not speak for itself. */
  readonly defaultText?: string;
  /**
   * The values there are, in words: docs and the message about a wrong one say "expected" before
   * it.
   */
  readonly expects: string;
  /** The value is nobody's business: no message shows it. */
  readonly secret?: true;
  /**
   * The flag may be given several times and the variable may hold a list with commas: all count.
   * Otherwise the last one does.
   */
  readonly list?: true;
  /**
   * The value that the words (one, or all of a list) stand for; undefined if they are wrong. `warn`
   * takes a line for the user.
   */
  parse(words: readonly string[], units: Units, warn: (line: string) => void): Value | undefined;
  /** The value as a user would write it, for help and docs. */
  format(value: Value, units: Units): string;
}

/** The headings, in the order in which help shows them. */
export const CATEGORIES = [
  "Network",
  "WebSocket",
  "TLS",
  "Tokens",
  "HTTP",
  "JSON",
  "Engine",
  "Durability",
  "Limits",
  "Process",
  "Compatibility",
] as const;
/** One of the headings. */
export type Category = (typeof CATEGORIES)[number];

/**
 * The variable of the environment that sets an option: "max-job-size" is HOMEMAKER_MAX_JOB_SIZE.
 */
export function environmentName(option: { readonly name: string }): string {
  return `HOMEMAKER_${option.name.toUpperCase().replaceAll("-", "_")}`;
}

/**
 * What is wrong with options that count at addresses of a kind alone, such as `example`, where
 * there is no such address: the first that was set all the same. Undefined if none was.
 */
export function idleConflictIn<Settings extends object>(
  options: { readonly [Key in keyof Settings]: Option<Settings[Key]> },
  settings: Settings,
  example: string,
): string | undefined {
  for (const key in options)
    if (settings[key] !== undefined)
      return `--${options[key].name} needs an address such as -l ${example}`;
  return undefined;
}
