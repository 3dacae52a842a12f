/* ClientName: what a client calls itself, for people: its name, its host, its process. Each word is
 * printable ASCII without spaces, so that it can stand in a line, a list and a log as it is.
 *
 *   client-name mailer web-1 4711
 *
 * Read by the line parser and by the client, which writes the line.
 */

/** The longest name, and the longest host, in bytes. */
export const CLIENT_WORD_BYTES_MAX = 200;
/** The largest number of a process. */
export const PID_MAX = 0xffff_ffff;

/** What a client calls itself. */
export interface ClientName {
  readonly name: string;
  /** "" if it did not say. */
  readonly host: string;
  /** 1 to PID_MAX; undefined if it did not say. */
  readonly pid: number | undefined;
}

/** Of a client that has said nothing. */
export const NAMELESS: ClientName = { name: "", host: "", pid: undefined };

const WORD = /^[!-~]{1,200}$/;
const WORDS = /^ *([!-~]{1,200})(?: +([!-~]{1,200})(?: +(\d{1,10}))?)?$/;

/** Whether a text can be a client's name, or its host. */
export function isClientWord(text: string): boolean {
  return WORD.test(text);
}

/** A text as a client's name, or its host: what cannot stand there is a dash. */
export function asClientWord(text: string): string {
  const word = text.replaceAll(/[^!-~]+/g, "-").slice(0, CLIENT_WORD_BYTES_MAX);
  return word === "" ? "-" : word;
}

/** What the words behind the verb say; undefined if anything is wrong with them. */
export function clientNameIn(words: string): ClientName | undefined {
  const [, name, host = "", digits] = WORDS.exec(words) ?? [];
  if (name === undefined) return undefined;
  const pid = digits === undefined ? undefined : Number(digits);
  return pid === 0 || (pid ?? 0) > PID_MAX ? undefined : { name, host, pid };
}

/** A client as people say it: `mailer@web-1`. */
export function shownClient({ name, host }: ClientName): string {
  return host === "" ? name : `${name}@${host}`;
}
