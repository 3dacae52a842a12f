import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { VERSION } from "../../src/version.ts";
import { runCommand } from "./command.ts";

describe("homemaker", () => {
  it("prints its version on standard output and exits with 0", async () => {
    const ending = await runCommand(["-v"]);
    expect(ending).toEqual({ code: 0, stdout: `homemaker ${VERSION}`, stderr: "" });
  });

  it("prints the help that docs/options.md shows, and exits with 0", async () => {
    const page = await readFile(new URL("../../docs/options.md", import.meta.url), "utf8");
    const shown = /```text\n(.*)\n```/s.exec(page)?.[1];
    expect(await runCommand(["--help"])).toEqual({ code: 0, stdout: shown, stderr: "" });
  });

  it("finds its parts from any directory", async () => {
    expect(await runCommand(["-v"], { cwd: tmpdir() })).toMatchObject({ code: 0 });
  });

  it.each([
    [["-p", "x"], {}, '-p/--port: expected a whole number, 0 to 65535, not "x"'],
    [["--nonsense"], {}, "unknown option '--nonsense'"],
    [["stray"], {}, 'unknown command "stray"'],
    [["-f", "x"], {}, '-f: expected a whole number of milliseconds, not "x"'],
    [[], { HOMEMAKER_SHARDS: "3" }, 'HOMEMAKER_SHARDS: expected a power of two, 1 to 64, not "3"'],
  ])("answers %j with the environment %j by one line and exit code 2", async (argv, env, line) => {
    const ending = await runCommand(argv, { env });
    expect(ending).toEqual({ code: 2, stdout: "", stderr: `homemaker: ${line}` });
  });
});
