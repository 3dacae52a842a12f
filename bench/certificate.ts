/* Certificate: what a server that speaks TLS shows in the bench: its own, made by openssl once in a
 * run. The load looks at nothing of it.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The program, and the package that it is in. */
export const OPENSSL = "openssl";

let directory: string | undefined;

/** The server's options. */
export function certificateFlags(): readonly string[] {
  directory ??= makeIn(mkdtempSync(join(tmpdir(), "homemaker-bench-tls-")));
  return ["--tls-cert", join(directory, "cert.pem"), "--tls-key", join(directory, "key.pem")];
}

function makeIn(made: string): string {
  process.on("exit", () => rmSync(made, { recursive: true }));
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-keyout", join(made, "key.pem"), "-out", join(made, "cert.pem")];
  const about = ["-x509", "-days", "2", "-subj", "/CN=127.0.0.1"];
  execFileSync(OPENSSL, ["req", ...about, ...key, ...files], { stdio: "pipe" });
  return made;
}
