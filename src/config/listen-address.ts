/* Listen address: the words after `-l`, taken apart and put together again.
 *
 *   127.0.0.1   localhost:11400   [::1]:11400   ::1   unix:/run/homemaker.sock
 *   tls://127.0.0.1:11301   ws://127.0.0.1:11302   wss://127.0.0.1:11303
 *
 * A kind of address is a file beside this one and a line in the table, and has a transport
 * (transports/transports.ts). Only the form is judged here; whether a name resolves or a port is
 * free shows when the server binds.
 */
import type { AddressKind } from "./address-kind.ts";
import { TCP } from "./tcp-address.ts";
import { UNIX } from "./unix-address.ts";
import { SECURE_WEB_SOCKET, TLS, WEB_SOCKET } from "./url-address.ts";

/** Every kind, by the name that its addresses have; the forms of the first are named first. */
const KINDS = {
  tcp: TCP,
  unix: UNIX,
  tls: TLS,
  ws: WEB_SOCKET,
  wss: SECURE_WEB_SOCKET,
};

type Kinds = typeof KINDS;
type OneOf<Each> = Each[keyof Each];

/** One listen address as the user wrote it. */
export type ListenAddress = OneOf<{
  [Kind in keyof Kinds]: NonNullable<ReturnType<Kinds[Kind]["parse"]>>;
}>;

/** One listen address that says all that binding needs. */
export type BoundAddress = OneOf<{ [Kind in keyof Kinds]: ReturnType<Kinds[Kind]["complete"]> }>;

type AnyKind = AddressKind<ListenAddress, BoundAddress>;

/** The forms of an address, for people. */
export const ADDRESS_FORMS: string = formsOf(Object.values(KINDS));

function formsOf(kinds: readonly AnyKind[]): string {
  const forms = kinds.flatMap((kind) => kind.forms);
  return `${forms.slice(0, -1).join(", ")} or ${forms.at(-1)}`;
}

function kindOf({ kind }: ListenAddress): AnyKind {
  return KINDS[kind];
}

/** Takes `text` apart; undefined if it has none of the forms. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const kinds: readonly AnyKind[] = Object.values(KINDS);
  const own = kinds.find(({ prefix }) => prefix !== undefined && text.startsWith(prefix));
  if (own !== undefined) return own.parse(text.slice(own.prefix?.length));
  for (const kind of kinds) {
    const address = kind.prefix === undefined ? kind.parse(text) : undefined;
    if (address !== undefined) return address;
  }
  return undefined;
}

/** The address with all that binding needs; `port` is for one that names none. */
export function completeListenAddress(address: ListenAddress, port: number): BoundAddress {
  return kindOf(address).complete(address, port);
}

/**
 * The address as it stands in the ready line and in logs: "127.0.0.1:11300", "[::1]:11300",
 * "unix:PATH", "ws://127.0.0.1:11302".
 */
export function formatListenAddress(address: ListenAddress): string {
  return kindOf(address).format(address);
}
