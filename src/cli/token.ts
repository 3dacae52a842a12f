/* The command `homemaker token`: makes a token, and the line for it in the file of --tokens.
 *
 * The token is printed once and kept nowhere. Its beginning says what it is, to people and to
 * programs that look for secrets where none should be.
 */
import { tokenLine } from "../config/token-file.ts";
import type { Runtime } from "../runtime.ts";
import type { TokenCommand } from "./subcommands.ts";

/** Random bytes of a token: so many that nobody finds one by trying. */
const TOKEN_BYTES = 32;
const PREFIX = "hm_";

/** Prints a token and its line. Returns the exit code. */
export function makeToken({ name, rights }: TokenCommand, runtime: Runtime): number {
  const token = PREFIX + base64Url(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)));
  runtime.print(token);
  runtime.print(tokenLine(name, runtime.sha256(new TextEncoder().encode(token)), rights));
  return 0;
}

function base64Url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
