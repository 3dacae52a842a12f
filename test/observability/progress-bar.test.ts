import { expect, test } from "vitest";
import { ProgressBar } from "../../src/observability/progress-bar.ts";

/** What a terminal of so many columns gets to see. */
function drawn(columns: number, draw: (bar: ProgressBar) => void): readonly string[] {
  const texts: string[] = [];
  draw(new ProgressBar({ columns, write: (text) => void texts.push(text) }, "recovering"));
  return texts;
}

test("a bar is drawn over itself and leaves an empty line", () => {
  const texts = drawn(80, (bar) => {
    bar.show(0, 10);
    bar.show(5, 10);
    bar.show(10, 10);
    bar.clear();
  });
  expect(texts).toEqual([
    `\r\u001b[Krecovering [${" ".repeat(40)}]   0 %`,
    `\r\u001b[Krecovering [${"#".repeat(20)}${" ".repeat(20)}]  50 %`,
    `\r\u001b[Krecovering [${"#".repeat(40)}] 100 %`,
    "\r\u001b[K",
  ]);
});

test("a bar that was never drawn is not taken away", () => {
  expect(drawn(80, (bar) => bar.clear())).toEqual([]);
});

test.for([0, 1, 12, 17, 20, 25, 30, 60, 61, 80, 500])("a bar fits into %i columns", (columns) => {
  const [text = ""] = drawn(columns, (bar) => bar.show(1, 3));
  const line = text.replace("\r\u001b[K", "");
  expect(line).toMatch(/^recovering( \[#* *\])?  ?33 %$/);
  expect(line.length).toBeLessThan(Math.max(18, columns > 0 ? columns : 80));
});

test("what is more than all, less than nothing or nothing of nothing is drawn as the nearest there is", () => {
  const texts = drawn(20, (bar) => {
    bar.show(11, 10);
    bar.show(-1, 10);
    bar.show(0, 0);
  });
  expect(texts.map((text) => /\d+ %/.exec(text)?.[0])).toEqual(["100 %", "0 %", "0 %"]);
});
