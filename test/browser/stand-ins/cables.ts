/* Stand-in for test/client/cables.ts in a page: WebSockets that can be cut. */
import type { ClientConnection, ConnectionOptions } from "../../../src/client/connection.ts";
import { openWebSocket } from "../../../src/client/web-socket-wire.ts";
import { Cuts } from "../../client/cuts.ts";
import type { Random } from "../../support/random.ts";

/** What is sent on one that is cut is lost on the way. */
class CutSocket extends WebSocket {
  isCut = false;
  static last: CutSocket | undefined;

  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    CutSocket.last = this;
  }

  override send(data: Parameters<WebSocket["send"]>[0]): void {
    if (!this.isCut) super.send(data);
  }
}

/** Connections that can be cut: what is sent then is lost on the way, and a moment later all is. */
export class Cables {
  readonly #address: string;
  readonly #cuts = new Cuts();

  constructor(address: string) {
    this.#address = address;
  }

  async open(options: ConnectionOptions): Promise<ClientConnection> {
    const usual = globalThis.WebSocket;
    globalThis.WebSocket = CutSocket;
    const opening = openWebSocket(this.#address, options); // which makes the socket at once
    globalThis.WebSocket = usual;
    const { last: socket } = CutSocket;
    const connection = await opening;
    this.#cuts.add(connection, () => {
      if (socket !== undefined) socket.isCut = true;
    });
    return connection;
  }

  /** Cuts each at the toss of a coin. */
  cut(random: Random): void {
    this.#cuts.cut(random);
  }
}
