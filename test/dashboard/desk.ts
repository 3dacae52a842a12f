/*
 * Desk: a house, a client of its queue, and a reader before one page of the dashboard. What
 * the tests of pages and actions share.
 */
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, vi } from "vitest";
import type { HttpPort } from "../http/http-port.ts";
import { Browser } from "./browser.ts";
import { openFullHouse } from "./full-house.ts";
import { put, QueueClient } from "./queue-client.ts";

/** How long one test may take, and what goes before it, in milliseconds. */
const TEST_MS = 90_000;

/** How long it may take to open. */
const OPEN_MS = 180_000;

interface Things {
  readonly client: QueueClient;
  readonly page: Page;
  readonly browser: Browser;
  readonly house: HttpPort;
  readonly base: string;
}

/** Everything at hand. */
export class Desk implements AsyncDisposable {
  /** Absent until the file's tests begin. */
  #things: Things | undefined;
  readonly #openHouse: () => Promise<HttpPort>;

  private constructor(openHouse: () => Promise<HttpPort>) {
    this.#openHouse = openHouse;
  }

  /**
   * For all tests of a file, which have time: it is opened before the first of them and closed
   * behind the last.
   */
  static ofFile(openHouse: () => Promise<HttpPort> = () => openFullHouse()): Desk {
    vi.setConfig({ testTimeout: TEST_MS, hookTimeout: TEST_MS });
    const desk = new Desk(openHouse);
    beforeAll(() => desk.#open(), OPEN_MS);
    afterAll(() => desk[Symbol.asyncDispose]());
    return desk;
  }

  /** Starts a server, full unless it is to be another, and opens the dashboard. */
  async #open(): Promise<void> {
    const house = await this.#openHouse();
    const base = `http://127.0.0.1:${house.port}`;
    const client = await QueueClient.connect(house.server);
    const browser = await Browser.open([base], {
      permissions: ["clipboard-read", "clipboard-write"],
    });
    this.#things = { house, base, client, browser, page: await browser.page(`${base}/`) };
  }

  get #opened(): Things {
    if (this.#things === undefined) throw new Error("the desk was used before the tests began");
    return this.#things;
  }

  get client(): QueueClient {
    return this.#opened.client;
  }

  get page(): Page {
    return this.#opened.page;
  }

  get browser(): Browser {
    return this.#opened.browser;
  }

  /** Goes to a page as if it were opened anew. */
  async open(hash: string): Promise<void> {
    await this.page.goto(`${this.#opened.base}/${hash}`);
    await this.page.reload();
  }

  /** Goes to a page and waits until it has what it shows. */
  async look(hash: string): Promise<void> {
    await this.page.goto(`${this.#opened.base}/${hash}`);
    await this.page.locator("main h1").first().waitFor();
    await this.page.locator(".loading, .is-stale").first().waitFor({ state: "detached" });
  }

  /** A second page. */
  another(hash: string): Promise<Page> {
    return this.browser.page(`${this.#opened.base}/${hash}`);
  }

  /** Waits until a text is there. */
  async sees(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  /** Waits until so many are there. */
  async counts(things: Locator, count: number): Promise<void> {
    await expect.poll(() => things.count()).toBe(count);
  }

  /** Presses a button of the page. */
  async press(name: string | RegExp): Promise<void> {
    await this.page.getByRole("button", { name }).first().click();
  }

  /** The dialog that is open. */
  get dialog(): Locator {
    return this.page.getByRole("dialog");
  }

  /** Presses a button of the dialog. */
  async confirm(name: string): Promise<void> {
    await this.dialog.getByRole("button", { name, exact: true }).click();
  }

  /** Puts jobs into a tube; returns their ids. */
  async putInto(tube: string, bodies: readonly string[]): Promise<number[]> {
    const [, ...inserted] = await this.client.send(
      `use ${tube}`,
      ...bodies.map((body) => put(body)),
    );
    return inserted.map((line) => Number(line.split(" ")[1]));
  }

  /** What the API answers. */
  ask(path: string): Promise<unknown> {
    return this.#opened.house.json(`/api/v1/${path}`);
  }

  /** A figure of a tube, as the protocol has it. */
  async figure(tube: string, key: string): Promise<number> {
    return Number((await this.client.stats(`stats-tube ${tube}`))[key]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#things === undefined) return; // it could not be opened
    const { client, browser, house } = this.#things;
    client[Symbol.dispose]();
    await browser[Symbol.asyncDispose]();
    await house[Symbol.asyncDispose]();
  }
}
