/* Each line: what a process prints, a line at a time. */
import type { Readable } from "node:stream";

/** Calls `take` for each whole line of a stream of text. */
export function eachLine(output: Readable, take: (line: string) => void): void {
  let rest = "";
  output.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
}
