/*
 * Page: a Markdown page of the project, read the way the tests of the documents need it: code
 * blocks, tables, links.
 */
import { readFileSync } from "node:fs";

const ROOT = new URL("../../", import.meta.url);

/** The text of the page at `path`, counted from the root of the project. */
export function readPage(path: string): string {
  return readFileSync(new URL(path, ROOT), "utf8");
}

/**
 * The part of `page` below the heading of that title, down to the next heading that is not deeper.
 * Throws a RangeError if there is none.
 */
export function section(page: string, title: string): string {
  const lines = page.split("\n");
  const at = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === title);
  if (at < 0) throw new RangeError(`no section "${title}"`);
  const depth = lines[at]?.indexOf(" ") ?? 0;
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => new RegExp(`^#{1,${depth}} `).test(line));
  return rest.slice(0, end < 0 ? rest.length : end).join("\n");
}

/** What stands in the code blocks of that language, in order. */
export function codeBlocks(page: string, language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms");
  return [...page.matchAll(pattern)].map(([, code]) => code ?? "");
}

/** The cells of the rows of all tables, without heads. */
export function tableRows(page: string): string[][] {
  const lines = page.split("\n");
  return lines
    .filter((line, at) => isRow(line) && !isRule(line) && !isRule(lines[at + 1] ?? ""))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** The targets of links that do not leave the project, without what follows a `#`. */
export function localLinks(page: string): string[] {
  const targets = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? "");
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => target.replace(/#.*/, ""))
    .filter((target) => target !== "");
}

function isRow(line: string): boolean {
  return line.startsWith("| ");
}

function isRule(line: string): boolean {
  return /^\|(?: -+ \|)+$/.test(line);
}
