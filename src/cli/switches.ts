/* Switches: the flags that set no option of their own: those that print something, and those that
 * beanstalkd has, or we had once, and we spell otherwise.
 *
 * Read by command-line.ts and toolchain/docs.ts.
 */
import type { Category } from "../config/option.ts";
import { wholeNumber } from "../config/option-values.ts";

/**
 * A flag that is no option: it prints something, is known only so that it can be answered properly,
 * or spells options in another way.
 */
export type Switch = SwitchFlag & SwitchMeaning;

/** It has a letter, a name, or both. */
type SwitchFlag =
  | { readonly short: string; readonly name?: string }
  | { readonly short?: never; readonly name: string };

interface SwitchMeaning {
  readonly category: Category;
  /** What stands for the flag's value in help; if absent, it takes none. */
  readonly placeholder?: string;
  readonly help: string;
  /** version, help: prints it and ends. ignored: a warning, no effect. sets: what `means` says. */
  readonly does: "version" | "help" | "ignored" | "sets";
  /** The values there are, in words, of a flag that sets something. */
  readonly expects?: string;
  /**
   * The options that `word` ("" for a flag without a value) stands for, as if they stood in its
   * place; undefined if it is wrong.
   */
  means?(word: string): readonly (readonly [option: string, word: string])[] | undefined;
}

const ALWAYS_COMPACT = "accepted with a warning, without effect";

/** Every flag that is not an option. */
export const SWITCHES: readonly Switch[] = [
  {
    short: "v",
    name: "version",
    category: "Process",
    help: "print the version and exit",
    does: "version",
  },
  { short: "h", name: "help", category: "Process", help: "print this help and exit", does: "help" },
  { short: "c", category: "Compatibility", help: ALWAYS_COMPACT, does: "ignored" },
  { short: "n", category: "Compatibility", help: ALWAYS_COMPACT, does: "ignored" },
  {
    short: "f",
    placeholder: "MS",
    category: "Compatibility",
    help: "--durability interval --sync-interval MS, in milliseconds; 0: --durability sync",
    does: "sets",
    expects: "a whole number of milliseconds",
    means: syncEvery,
  },
  {
    short: "F",
    category: "Compatibility",
    help: "--durability os",
    does: "sets",
    means: () => [["durability", "os"]],
  },
  {
    name: "durable-releases",
    category: "Compatibility",
    help: "--releases journal",
    does: "sets",
    means: () => [["releases", "journal"]],
  },
];

/** As beanstalkd's -f: 0 syncs each write. */
function syncEvery(word: string): readonly (readonly [string, string])[] | undefined {
  const millis = wholeNumber(word);
  if (Number.isNaN(millis)) return undefined;
  if (millis === 0) return [["durability", "sync"]];
  return [
    ["durability", "interval"],
    ["sync-interval", `${millis}ms`],
  ];
}
