/* Copy commands: a job as lines for a shell.
 *
 * A body is any bytes, and whoever copies a line pastes it into a shell: so every byte but letters, digits and harmless signs
 * leaves as an octal escape of printf within single quotes. No line feed and no control character is ever in a line.
 */
import type { JobAnswer } from "../http/api.ts";

/** A line to copy. */
export interface CopyCommand {
  readonly label: string;
  readonly line: string;
}

/** What can be copied of a job. */
export function copyCommands(job: JobAnswer, body: Uint8Array): CopyCommand[] {
  const id = job.id;
  return [
    { label: "Put a copy of it", line: putLine(job, body) },
    ...(job.body.isWhole
      ? [{ label: "The same, in the protocol", line: protocolLine(job, body) }]
      : []),
    { label: "Show it", line: `homemaker peek ${id}` },
    { label: "Kick it", line: `homemaker kick-job ${id}` },
    { label: "Delete it", line: `homemaker delete ${id}` },
  ];
}

function putLine(job: JobAnswer, body: Uint8Array): string {
  const { pri, delaySeconds, ttrSeconds } = job;
  const flags = `--pri ${pri} --delay ${delaySeconds} --ttr ${ttrSeconds}`;
  const put = `homemaker put ${quoted(job.tube)} ${flags}`;
  return job.body.isWhole
    ? `printf '${printfText(body)}' | ${put}`
    : `homemaker peek ${job.id} | ${put}`;
}

function protocolLine(job: JobAnswer, body: Uint8Array): string {
  const { tube, pri, delaySeconds, ttrSeconds } = job;
  const use = `use ${escapedText(tube)}\\r\\n`;
  const put = `put ${pri} ${delaySeconds} ${ttrSeconds} ${body.length}\\r\\n`;
  return `printf '${use}${put}${printfText(body)}\\r\\nquit\\r\\n' | nc 127.0.0.1 11300`;
}

/** Bytes as the format of printf, fit to stand between single quotes. */
function printfText(body: Uint8Array): string {
  let text = "";
  for (const [index, byte] of body.entries()) {
    // A dash at the beginning would be an option of printf.
    const isPlain = isHarmless(byte) && !(index === 0 && byte === 0x2d);
    text += isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return text;
}

function escapedText(text: string): string {
  return printfText(new TextEncoder().encode(text));
}

/** A word of a shell; a tube's name is ASCII without blanks and quotes. */
function quoted(word: string): string {
  return /^[\w./+-]+$/.test(word) && !word.startsWith("-")
    ? word
    : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Printable ASCII but the quote, the backslash, the percent sign, and the `!` of a shell's history. */
function isHarmless(byte: number): boolean {
  return (
    byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c && byte !== 0x25 && byte !== 0x21
  );
}
