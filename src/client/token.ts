/* Token: what a client shows of itself to a server that wants to know who may do what. It stands in
 * no error and no log.
 */
import type { ClientConnection } from "./connection.ts";
import { BadCommandError } from "./errors.ts";
import { refusalOf } from "./refused-error.ts";

/** The longest line that a server takes has 224 bytes. */
const TOKEN = /^[\x21-\x7e]{1,200}$/;

/** The token, which can stand in a line. Throws a BadCommandError. */
export function checkedToken(token: string): string {
  if (typeof token === "string" && TOKEN.test(token)) return token;
  throw new BadCommandError("token: it has 1 to 200 printable ASCII characters, and no spaces");
}

/** The line that shows it. Throws a BadCommandError. */
export function authLine(token: string): string {
  return `auth ${checkedToken(token)}`;
}

/**
 * Shows it on a connection; a server that knows no tokens wants none. Rejects with a
 * BadCommandError, and with a RefusedError where it is wrong.
 */
export async function showToken(connection: ClientConnection, token: string): Promise<void> {
  const reply = await connection.ask(authLine(token), undefined, "auth");
  if (reply.word !== "AUTHENTICATED" && reply.word !== "UNKNOWN_COMMAND")
    throw refusalOf("auth", reply);
}
