/* Dockerfile: what such a file says, line by line and by stages. Of the language it knows what
 * deploy/Dockerfile uses; a line that it cannot read is an error, so that none is left out.
 */

/** One line: `RUN`, and what follows it. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** What starts from one image. */
export interface Stage {
  /** The image, as `debian:bookworm-slim`. */
  readonly base: string;
  /** As others call it, in `COPY --from`. */
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** All its lines; those that go on in the next line are one. */
export function instructionsOf(file: string): readonly Instruction[] {
  const lines = file
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n");
  return lines.filter((line) => line.trim() !== "").map(instructionOf);
}

/** Its stages, in order. */
export function stagesOf(file: string): readonly Stage[] {
  const stages: (Stage & { readonly instructions: Instruction[] })[] = [];
  for (const instruction of instructionsOf(file)) {
    const { name, text } = instruction;
    if (name === "FROM") {
      const [base = "", , called] = text.split(" ");
      stages.push({ base, name: called, instructions: [] });
      continue;
    }
    if (stages.length === 0) throw new Error(`${name} stands before FROM`);
    stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

/** `A=1 B=2` of an ENV as a record. */
export function variablesOf(text: string): Readonly<Record<string, string>> {
  const pairs = text.matchAll(/(\w+)=(\S+)/g);
  return Object.fromEntries([...pairs].map(([, name = "", value = ""]) => [name, value]));
}

/** The words of `CMD ["a", "b"]`, at the end of that text or all of it. */
export function wordsOf(text: string): readonly string[] {
  return JSON.parse(/\[.*\]$/.exec(text)?.[0] ?? "") as readonly string[];
}

function instructionOf(line: string): Instruction {
  const [, name, text] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
  if (name === undefined || text === undefined) throw new Error(`cannot read: ${line}`);
  return { name, text };
}
