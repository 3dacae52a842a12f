/* Fake S3: a bucket in memory behind the four requests of S3 that a blob store needs. It looks
 * whether requests are signed, not by whom, and lists two keys a page.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const PAGE = 2;

/** A bucket that listens. */
export class FakeS3 implements AsyncDisposable {
  readonly objects = new Map<string, Buffer>();
  /** The methods of the requests so far. */
  readonly methods: string[] = [];
  readonly #server: Server;

  static async start(): Promise<FakeS3> {
    const bucket = new FakeS3();
    bucket.#server.listen(0, "127.0.0.1");
    await once(bucket.#server, "listening");
    return bucket;
  }

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/bucket`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", headers, url = "" } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.methods.push(method);
    if (headers.authorization?.startsWith("AWS4-HMAC-SHA256 ") !== true) {
      response.writeHead(403).end();
      return;
    }
    const { pathname, searchParams } = new URL(url, this.url);
    const key = decodeURIComponent(pathname.replace(/^\/bucket\/?/, ""));
    if (key === "" && method === "GET") {
      response.writeHead(200).end(this.#page(searchParams.get("continuation-token") ?? ""));
    } else if (method === "PUT") {
      this.objects.set(key, Buffer.concat(chunks));
      response.writeHead(200).end();
    } else if (method === "DELETE") {
      this.objects.delete(key);
      response.writeHead(204).end();
    } else {
      const object = this.objects.get(key);
      response.writeHead(object === undefined ? 404 : 200).end(object);
    }
  }

  #page(after: string): string {
    const keys = [...this.objects.keys()].toSorted().filter((key) => key > after);
    const page = keys.slice(0, PAGE);
    const next = keys.length > PAGE ? (page.at(-1) ?? "") : undefined;
    const contents = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join("");
    const token =
      next === undefined ? "" : `<NextContinuationToken>${next}</NextContinuationToken>`;
    return `<ListBucketResult>${contents}${token}</ListBucketResult>`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
