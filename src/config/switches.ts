/* Switches: the flags that set no option of their own: those that print something, and those that
 * beanstalkd has, or we had once, and we spell otherwise.
 *
 * Read by command-line.ts and docs.ts.
 */
import type { Switch } from "./option.ts";
import { wholeNumber } from "./option-values.ts";

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
