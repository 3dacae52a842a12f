/* Markdown as the reports are written in it: tables, lines that end at a column, and the part of a
 * page that a run replaces.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");
/** Where prose ends. */
const COLUMNS = 100;

/** A table of text. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map(tableRow).join("\n");
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`.replaceAll("  ", " ");
}

/** A paragraph, or a point of a list, in lines that end at the column. */
export function wrapped(text: string): string {
  const indent = text.startsWith("- ") ? "  " : "";
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= COLUMNS)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(line === undefined ? word : indent + word);
  }
  return lines.join("\n");
}

/** Puts the text between the marks of that name on a page of this repository. */
export function replaceBetween(page: string, name: string, text: string): void {
  const path = join(ROOT, page);
  const document = readFileSync(path, "utf8");
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${page} lacks the marks ${begin} and ${end}`);
  const [before, behind] = [document.slice(0, from + begin.length), document.slice(to)];
  writeFileSync(path, `${before}\n\n${text}\n\n${behind}`);
}
