/* Docs: docs/options.md, made from the declarations in options.ts.
 *
 * `npm run docs` runs this file and writes the page; a test compares what `optionsPage` answers with the page in the tree.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { defaultWords, flagSyntax, helpText } from "./command-line.ts";
import { loadControl } from "./control.ts";
import type { Units } from "./control.ts";
import { CATEGORIES, environmentName, OPTIONS, SWITCHES } from "./options.ts";
import type { Category, Option } from "./options.ts";

const INTRODUCTION = `# Options

Generated from \`src/config/options.ts\` by \`npm run docs\`; do not edit.

Every option is a flag and a variable of the environment. A flag wins over the variable, the variable over the default; an empty variable counts
as not set. Short flags may be bundled and take their value glued or as the next argument: \`-VVp11400\` is \`-V -V -p 11400\`.
Of an option given twice the last one counts, except for \`--listen\`, which adds up (its variable holds a list with commas), and \`-V\`, which
counts. Anything wrong is answered by one line on standard error and exit code 2.

* Sizes are bytes, or take a unit: \`64k\`, \`10MiB\`, \`1g\`, \`2tb\`. All units are powers of 1024, in either case.
* Addresses are \`HOST\`, \`HOST:PORT\`, \`[IPV6]:PORT\`, a bare IPv6 address, or \`unix:PATH\`. Port 0 is any free port; the line
  \`listening on\` on standard output says which one.
* A Kubernetes service named \`homemaker\` puts \`HOMEMAKER_PORT=tcp://...\` into the environment of its neighbours, which is not a port: give such
  a pod \`enableServiceLinks: false\`.
`;

/** The whole page. */
export function optionsPage(units: Units): string {
  const sections = CATEGORIES.map((category) => section(category, units));
  const help = `## --help\n\n\`\`\`text\n${helpText(units)}\`\`\`\n`;
  return [INTRODUCTION, ...sections, help].join("\n");
}

function section(category: Category, units: Units): string {
  const options = (Object.values(OPTIONS) as Option<unknown>[]).filter(
    (one) => one.category === category,
  );
  const switches = SWITCHES.filter((one) => one.category === category);
  const parts = [`## ${category}\n`];
  if (options.length > 0)
    parts.push(
      table(
        OPTION_HEAD,
        options.map((one) => optionRow(one, units)),
      ),
    );
  if (switches.length > 0)
    parts.push(
      table(
        SWITCH_HEAD,
        switches.map((one) => [code(flagSyntax(one)), one.help]),
      ),
    );
  return parts.join("\n");
}

const OPTION_HEAD = ["flag", "environment", "value", "default", "what it does"];
const SWITCH_HEAD = ["flag", "what it does"];

function optionRow(option: Option<unknown>, units: Units): string[] {
  const isCounted = option.placeholder === undefined;
  return [
    code(flagSyntax(option)),
    code(environmentName(option)),
    isCounted ? `none; in the environment ${option.expects}` : option.expects,
    defaultWords(option, units),
    option.help,
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  return [head, head.map(() => "---"), ...rows].map(line).join("");
}

function code(text: string): string {
  return `\`${text}\``;
}

if (import.meta.main) {
  const root = new URL("../../", import.meta.url);
  const control = await loadControl(await readFile(new URL("build/control.wasm", root)));
  await mkdir(new URL("docs/", root), { recursive: true });
  await writeFile(new URL("docs/options.md", root), optionsPage(control));
}
