/*
 * HTTP port: a server with HTTP as a process of its own, and requests to it in which every header
 * can be wrong.
 */
import { once } from "node:events";
import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { startHomemaker } from "../support/homemaker.ts";
import type { HomemakerOptions } from "../support/homemaker.ts";
import type { ServerProcess } from "../support/server-process.ts";

/** What came back. */
export interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** What a request says beside its address. */
export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** An address of the loopback that it comes from. */
  readonly from?: string;
}

const PATIENCE_MS = 20_000;
const DRIP_MS = 200;

/** The headers that a page of the dashboard sends with a change. */
export function pageHeaders(port: HttpPort): Record<string, string> {
  return {
    host: `127.0.0.1:${port.port}`,
    origin: `http://127.0.0.1:${port.port}`,
    "content-type": "application/json",
    "x-homemaker": "1",
  };
}

/** A server and its HTTP port. */
export class HttpPort implements AsyncDisposable {
  readonly server: ServerProcess;
  readonly port: number;

  private constructor(server: ServerProcess, port: number) {
    this.server = server;
    this.port = port;
  }

  /** Starts a server with a free HTTP port on the loopback address. */
  static async start(options: HomemakerOptions = {}): Promise<HttpPort> {
    const flags = ["--http-port", "0", ...(options.flags ?? [])];
    const server = await startHomemaker({ threads: 1, ...options, flags });
    const [, port] = /dashboard on http:\/\/\S+:(\d+)/.exec(server.output) ?? [];
    return new HttpPort(server, Number(port));
  }

  /** Asks, and resolves with whatever comes back. */
  ask(path: string, asking: Asking = {}): Promise<Response> {
    return askAt(this.port, path, asking);
  }

  /** Asks and reads the JSON that comes back. */
  async json(path: string, asking: Asking = {}): Promise<unknown> {
    return JSON.parse((await this.ask(path, asking)).text) as unknown;
  }

  /** Asks for a change as a page of the dashboard does. */
  change(path: string, body: unknown = {}, headers: Asking["headers"] = {}): Promise<Response> {
    const all = { ...pageHeaders(this), ...headers };
    return this.ask(path, { method: "POST", headers: all, body: JSON.stringify(body) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}

/** Asks at a port of the loopback address. The path goes out as it is. */
export function askAt(port: number, path: string, asking: Asking = {}): Promise<Response> {
  const { method = "GET", headers = {}, body, from } = asking;
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const asked = request(
    {
      host: "127.0.0.1",
      port,
      path,
      method,
      headers,
      agent: false,
      timeout: PATIENCE_MS,
      ...(from === undefined ? {} : { localAddress: from }),
    },
    (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => void (text += chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
      response.on("error", reject);
    },
  );
  asked.on("timeout", () => asked.destroy(new Error(`${method} ${path} took too long`)));
  asked.on("error", reject);
  asked.end(body);
  return promise;
}

/**
 * Sends bytes to a port as they are, and `drip` again and again, and resolves with everything that
 * comes back until the other side has closed. Never closes by itself.
 */
export function send(port: number, bytes: string, drip?: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  const dripping = setInterval(() => {
    if (drip !== undefined && socket.writable) socket.write(drip, "latin1");
  }, DRIP_MS);
  const over = (): void => {
    clearInterval(dripping);
    socket.destroy();
    resolve(text);
  };
  socket.on("data", (chunk) => void (text += chunk.toString("latin1")));
  for (const event of ["end", "close", "error"]) socket.on(event, over);
  socket.write(bytes, "latin1");
  return promise;
}

/**
 * Sends commands of the protocol on a connection of their own, and resolves with all that comes
 * back once it is closed.
 */
export async function talk(http: HttpPort, commands: string): Promise<string> {
  const socket = await http.server.connect();
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => void chunks.push(chunk));
  socket.write(`${commands}quit\r\n`, "latin1");
  await once(socket, "end");
  socket.end();
  return Buffer.concat(chunks).toString("latin1");
}
