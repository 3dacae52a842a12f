/* Reach: how far what is sent to an address goes, by its words: it stays in this machine, or it is
 * encrypted, or everybody on the way can read it. From that follows where a server may send a
 * client.
 *
 * Names are not looked up: one that only resolves to this machine counts as elsewhere. Used by
 * round.ts.
 */

/** How far. */
interface Reach {
  /** It does not leave this machine. */
  readonly isHere: boolean;
  readonly isEncrypted: boolean;
}

const UNIX = "unix:";
const SCHEME_AND_REST = /^(?:(?<scheme>tls|wss?):\/\/)?(?<rest>.*)$/i;
const ENCRYPTED = /^(tls|wss)$/i;
/** Which some browsers take in the name of a host. */
const SPACE = /\s/;
/** The name of a link, behind the number of an address of IPv6. */
const ZONE = /%\w+\]/;
/**
 * This machine, as a URL spells its numbers. Who connects to a wildcard comes to it, too, unlike
 * who listens on one.
 */
const HERE = /^((.*\.)?localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\]|\[::ffff:(7f\w\w:\w+|0:0)\])$/;

/**
 * Whether a client that is connected to `from` goes where the server there sends it.
 *
 * - To a place on this machine only from one: a server elsewhere means its own machine, or means
 *   harm: whoever listens here at such an address would get the token.
 * - From TLS only to TLS.
 * - With a token, from this machine to another one only by TLS: until then nobody on the network
 *   could read it.
 *
 * Not to what is no address, nor from there.
 */
export function maySend(from: string, to: string, hasToken: boolean): boolean {
  const [source, target] = [reachOf(from), reachOf(to)];
  if (source === undefined || target === undefined) return false;
  if (target.isHere && !source.isHere) return false;
  if (target.isEncrypted) return true;
  if (source.isEncrypted) return false;
  return target.isHere || !source.isHere || !hasToken;
}

/** Undefined of what is no address. */
function reachOf(address: string): Reach | undefined {
  if (address.startsWith(UNIX)) return { isHere: true, isEncrypted: false };
  const { scheme = "", rest = "" } = SCHEME_AND_REST.exec(address)?.groups ?? {};
  const url = `http://${rest.replace(ZONE, "]")}`; // which knows all the ways to write a number
  if (SPACE.test(rest) || !URL.canParse(url)) return undefined;
  const host = new URL(url).hostname.replace(/\.$/, "");
  return { isHere: HERE.test(host), isEncrypted: ENCRYPTED.test(scheme) };
}
