/* Variables: the HOMEMAKER_ variables of the environment that mean nothing here: misspelt ones, and
 * those that Kubernetes makes of a service that is called homemaker.
 *
 * Called by command-line.ts and shell/syntax.ts.
 */
import { nearest } from "./nearest.ts";
import { environmentName } from "../config/option.ts";
import { OPTIONS } from "../config/options.ts";
import { isForbidden } from "../system-error.ts";

/** The environment, as every runtime hands it over. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that says which server the shell's commands mean. */
export const ADDRESS_VARIABLE = "HOMEMAKER_ADDRESS";

/** The variable with the token that the shell's commands and workers show. */
export const TOKEN_VARIABLE = "HOMEMAKER_TOKEN";

const PREFIX = "HOMEMAKER_";
/** Of the benchmarks, which have names of their own. */
const BENCH_PREFIX = "HOMEMAKER_BENCH_";
const KNOWN: readonly string[] = [
  ADDRESS_VARIABLE,
  TOKEN_VARIABLE,
  ...Object.values(OPTIONS).map(environmentName),
];
/** HOMEMAKER_SERVICE_HOST, HOMEMAKER_PORT_11300_TCP_ADDR and the others of a service. */
const SERVICE_LINK =
  /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/;
const SERVICE_ADDRESS = /^(?:tcp|udp|sctp):\/\//;

/** A variable that is set and means nothing. */
export interface UnknownVariable {
  readonly name: string;
  /** The known one that it is nearly called. */
  readonly meant: string | undefined;
}

/** Whether Kubernetes made the variable, for a service that is called as this program is. */
export function isServiceLink(name: string, value: string): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith("_PORT") && SERVICE_ADDRESS.test(value));
}

/** The token that the environment has; undefined if it has none. */
export function tokenIn(env: Environment): string | undefined {
  const token = env[TOKEN_VARIABLE] ?? "";
  return token === "" ? undefined : token;
}

/** What of the environment looks as if it were meant for this program, and is not known. */
export function unknownVariables(env: Environment): readonly UnknownVariable[] {
  return entriesOf(env).flatMap(([name, value = ""]) => {
    const isOurs = name.toUpperCase().startsWith(PREFIX) && !name.startsWith(BENCH_PREFIX);
    if (!isOurs || value === "" || KNOWN.includes(name) || isServiceLink(name, value)) return [];
    return [{ name, meant: nearest(name.toUpperCase(), KNOWN) ?? sameButForCase(name) }];
  });
}

/** None where Deno may read some variables alone: it then says of none that it is there. */
function entriesOf(env: Environment): readonly [string, string | undefined][] {
  try {
    return Object.entries(env);
  } catch (error) {
    if (isForbidden(error)) return [];
    throw error;
  }
}

function sameButForCase(name: string): string | undefined {
  return KNOWN.find((known) => known === name.toUpperCase());
}
