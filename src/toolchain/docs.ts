/* Docs: docs/options.md, docs/shell.md, docs/metrics.md and docs/api.md, made from the declarations
 * in config/options.ts, cli/shell/syntax.ts, cli/work/work-command.ts and the metrics of
 * observability/.
 *
 * `npm run docs` runs this file and writes the pages; with --check, as `npm run check` runs it, it
 * only says which are not what it would write. A test compares them, too.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { defaultWords, flagSyntax, helpText } from "../cli/command-line.ts";
import { loadControl } from "../text/control.ts";
import type { Units } from "../text/control.ts";
import { apiPage } from "./api-page.ts";
import { metricsPage } from "./metrics-page.ts";
import {
  INDEX_PART,
  JOURNAL_BYTES,
  LEAST_PART,
  MAIN_BYTES,
  ROOM_PART,
  SHARD_BYTES,
  SHARDS_DEFAULT_MAX,
  SHARDS_PER_THREAD,
  THREAD_BYTES,
} from "../config/memory-plan.ts";
import { CATEGORIES, environmentName } from "../config/option.ts";
import type { Category, Option } from "../config/option.ts";
import { OPTIONS } from "../config/options.ts";
import { SHELL_COMMANDS, shellHelp } from "../cli/shell/syntax.ts";
import { SWITCHES } from "../cli/switches.ts";
import { workSyntax } from "../cli/work/work-command.ts";

const INTRODUCTION = `# Options

Generated from \`src/config/options.ts\` by \`npm run docs\`; do not edit.

Every option is a flag and a variable of the environment. A flag wins over the variable, the
variable over the default. An empty variable counts as not set.

- **Short flags** may be bundled. Their value may follow at once or as the next argument:
  \`-VVp11400\` is \`-V -V -p 11400\`.
- **An option given twice** takes its last value; \`--listen\` and \`--http-host\` add up (their
  variables hold a list with commas); \`-V\` twice is more verbose.
- **Sizes** are bytes, or take a unit: \`64k\`, \`10MiB\`, \`1g\`, \`2tb\`. All units are powers of 1024;
  upper and lower case are the same.
- **Addresses** are \`HOST\`, \`HOST:PORT\`, \`[IPV6]:PORT\`, a bare IPv6 address, \`unix:PATH\`,
  \`tls://HOST:PORT\` for [TLS](tls.md), or \`ws://HOST:PORT\` and \`wss://HOST:PORT\` for
  [WebSockets](websocket.md). A path has 107 bytes at most. Port 0 is any free port; the line
  \`listening on\` on standard output says which one.
- **Mistakes** end the program with one line on standard error and exit code 2. So does a
  misspelt variable (one or two letters off); any other unknown \`HOMEMAKER_...\` is only warned of.
- **Kubernetes** puts variables about a service named \`homemaker\` into the environment of a pod
  (\`HOMEMAKER_PORT=tcp://...\` and others). These are ignored.
`;

/** What --memory means, for those who size a machine. */
function memorySection(): string {
  const mib = (bytes: number): string => `${bytes / 1_048_576} MiB`;
  return `## Memory

\`--memory\` bounds what jobs, tubes, connections and their tables take at a time, in all tubes and
shards together. One tube may have nearly all of it. When it is emptied, another may have as much,
as long as the process may grow; how far that is, and when it ends, is told below. If a few jobs
stay when most are gone, the space between them is used for others as soon as memory is short. A
tube takes 4 GiB at most, because its shard does.

The process needs memory of its own beside that: about ${mib(MAIN_BYTES)}, ${mib(THREAD_BYTES)} for each thread, and
${mib(JOURNAL_BYTES)} with \`--data\`. The default of \`--memory\` is half of what the machine, or the container, has
beyond that need, and at least one part in ${LEAST_PART} of the whole.

With \`--data\`, \`--memory\` is for bodies: those beyond it stay on the disk
([durability.md](durability.md#a-backlog-larger-than-memory)). What jobs take beside their bodies
has \`--max-index\`. Its default is one part in ${INDEX_PART} of the whole, or what the own need and \`--memory\`
leave if that is less, and at least one part in ${LEAST_PART}. If you set \`--max-index\` alone, the default of
\`--memory\` is no more than it leaves. The cap is \`--memory\`, and with \`--data\` \`--memory\` and
\`--max-index\` together.

What the cap leaves is for what shards keep. Memory that a shard once used stays with the process:
WebAssembly gives none back, and the instruction that would, \`memory.discard\`, is an experiment of
V8 that no runtime has switched on. A shard uses its free memory again before it grows.

So when tubes of several shards are full one after another, the process becomes larger than its need
and the cap. An example: on a machine of 2 GiB, \`--threads 2 --memory 64MiB\` makes eight shards.
Eight tubes that were filled and emptied in turn took the process from 105 to 617 MB; more rounds
added nothing.

Where memory is short the server makes fewer threads than there are processors: as many as leave one
part in ${ROOM_PART} of the memory beyond the own need, and at least one. If not even one fits, or the
\`--threads\`, \`--memory\` or \`--max-index\` that you ask for do not, it starts all the same and logs a
warning with the need and with what there is: the kernel may kill it without a word. A container of
128 MiB has room for one thread without \`--data\`, one of 192 MiB for one with it.

The most that the process takes is its own need and the smaller of two amounts:

- \`--shards\` times the cap;
- the growth: what the machine has beyond the own need, or twice \`--memory\`, or the cap, whichever
  is the most. Half of the growth is for the shards that need it first, the other half is reserved
  in equal shares.

So what a tube leaves, any other may have, until the growth is used up. This never happens with one
shard, nor where the growth is \`--shards\` times the cap, as it is with two shards and without
\`--data\`. Otherwise it may: after tubes of some shards have been full one after another, a shard
that never was has its reserved share, and what is left of the first half. Beyond that it answers
OUT_OF_MEMORY, even if others are empty. An example: in a container of 256 MiB with two threads and
\`--shards 8\`, \`--memory\` is 64 MiB and the growth 128 MiB. The first tube then has 60 MiB, one in
another shard 16 MiB, and each later one 7.

Therefore there are fewer shards by default where memory is short. One thread has one shard. Several
threads have ${SHARDS_PER_THREAD} for each, at most ${SHARDS_DEFAULT_MAX} in all, but no more than one for each ${mib(SHARD_BYTES)} of growth, and
at least two. In the example that is two shards, and each tube has its 60 MiB in turn.

With \`--shards 1\` the process stays at its own need and the cap.

What is queued for connections is not in the cap: replies that a client does not read take up to
about \`--max-output\` for each connection. The bound for all is \`--max-output\` times the connections,
at most \`--max-connections\`. In a container of 128 MiB, 150 clients that ask for large bodies and
never read are enough to have the server killed. Where clients are not to be trusted with that,
lower \`--max-output\` or \`--max-connections\`.
`;
}

/** The whole page. */
export function optionsPage(units: Units): string {
  const sections = CATEGORIES.map((category) => section(category, units));
  const help = `## --help\n\n\`\`\`text\n${helpText(units)}\`\`\`\n`;
  return [INTRODUCTION, ...sections, memorySection(), help].join("\n");
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

const SHELL_INTRODUCTION = `# Working with a server from a shell

Generated from \`src/cli/shell/syntax.ts\` by \`npm run docs\`; do not edit.

These commands talk to a running server over the ordinary protocol, so most work with beanstalkd
too. beanstalkd does not know \`jobs\`, \`failures\`, \`reserve --message\`, \`flush\`, \`set\`, \`drain\`,
\`undrain\`, \`step-down\` and \`peek --state reserved\`.

In a clone of this repository \`homemaker\` is \`npm start --silent --\`. Without \`--silent\` npm prints
lines of its own first.

\`\`\`sh
homemaker put mails '{"to": "ann@example.org"}'     # prints the job's id
homemaker put mail '{"type": "mail", "data": {"to": "ann"}}'   # of a worker in TypeScript
homemaker tubes --sort buried                       # where is the trouble?
homemaker jobs mails buried                         # which jobs are they,
homemaker failures 17                               # and what did the workers say?
homemaker kick mails 100                            # up to 100 of them again
homemaker top                                       # and watch
\`\`\`

- \`--address\` says which server; of several, with commas between, the first that answers within 2 s,
  or the one that it [names as the leader](replication.md#redirecting-clients). Without it the
  variable \`HOMEMAKER_ADDRESS\` does, and without both it is 127.0.0.1:11300. A Unix socket is
  \`unix:PATH\`, a WebSocket \`ws://HOST:PORT\`.
- A server that asks for [tokens](tokens.md) is shown the one in \`HOMEMAKER_TOKEN\`.
- With \`--json\` each thing is one line of JSON. A body that is not UTF-8 is then \`bodyBase64\`
  instead of \`body\`.
- A body is whatever its workers take. Those in TypeScript go by its \`type\`, the name of a job's
  definition, and their payload is its \`data\` ([queue.md](queue.md#what-is-in-a-body)).
- On a screen, bodies and messages have their control characters spelled out. To a pipe or a file
  they go byte for byte.
- Exit code 0 means done, 1 not done (one line on standard error says why), 2 wrong arguments.
- A duration is a number of seconds or takes a unit: \`90\`, \`90s\`, \`5m\`, \`1h\`, \`2d\`.
- A body that begins with \`-\` goes behind \`--\`: \`homemaker put mails -- -5\`.
`;

const WORK_INTRODUCTION = `# Running workers from a shell

[work.md](work.md) explains it.
`;

function helpSection(name: string, help: string): string {
  return `## ${name}\n\n\`\`\`text\n${help}\`\`\`\n`;
}

/** The page about the shell's commands. */
export function shellPage(): string {
  const names = Object.keys(SHELL_COMMANDS);
  const sections = names.map((name) => helpSection(name, shellHelp(name)));
  const work = helpSection("work", workSyntax().helpInformation());
  return [SHELL_INTRODUCTION, ...sections, WORK_INTRODUCTION, work].join("\n");
}

/** What stands in each generated page. */
async function pages(root: URL): Promise<Readonly<Record<string, string>>> {
  const control = await loadControl(await readFile(new URL("build/control.wasm", root)));
  return {
    "options.md": optionsPage(control),
    "shell.md": shellPage(),
    "metrics.md": metricsPage(),
    "api.md": apiPage(),
  };
}

if (import.meta.main) {
  const root = new URL("../../", import.meta.url);
  const docs = new URL("docs/", root);
  const isCheck = process.argv.includes("--check");
  await mkdir(docs, { recursive: true });
  for (const [name, page] of Object.entries(await pages(root))) {
    const file = new URL(name, docs);
    if (!isCheck) await writeFile(file, page);
    else if ((await readFile(file, "utf8").catch(() => "")) !== page) {
      console.error(`docs/${name} is not what the declarations say: npm run docs`);
      process.exitCode = 1;
    }
  }
}
