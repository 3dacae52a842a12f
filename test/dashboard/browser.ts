/* Browser: the real Chromium with an empty profile, and what its console complained about.
 *
 * Every page that is opened here is watched: errors and warnings of the console, exceptions,
 * dialogs that a script opened, and requests to anywhere but the server. A test asks for
 * `complaints` at its end.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { chromium } from "playwright-core";
import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { program } from "../support/programs.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const MAY_BE_GONE =
  /\/api\/v1\/(jobs\/\d+(\/explanation|\/result)?|groups\/[^/?]+|tubes\/[^/?]+(\/held-back|\/jobs\?[^/]*)?)$/;
const PATIENCE_MS = 20_000;

/** A running browser. */
export class Browser implements AsyncDisposable {
  /** What went wrong on the pages so far. */
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;
  readonly #profile: string;
  readonly #origins: Set<string>;

  private constructor(context: BrowserContext, profile: string, origins: readonly string[]) {
    this.#context = context;
    this.#profile = profile;
    this.#origins = new Set(origins);
    context.setDefaultTimeout(PATIENCE_MS);
  }

  /**
   * Starts it.
   *
   * @param origins where its pages may send requests
   * @throws {MissingProgramError} when there is no Chromium
   */
  static async open(
    origins: readonly string[],
    options: BrowserContextOptions = {},
  ): Promise<Browser> {
    const executablePath = program("chromium");
    const profile = mkdtempSync(`${tmpdir()}/homemaker-chromium-`);
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      args: FLAGS,
      viewport: { width: 1440, height: 900 },
      reducedMotion: "reduce",
      ...options,
    });
    return new Browser(context, profile, origins);
  }

  /** A new page that is watched. */
  async page(address: string): Promise<Page> {
    const page = await this.#context.newPage();
    page.on("console", (message) => {
      const isBad = ["error", "warning"].includes(message.type());
      // A page may ask for its job, or its tube, once more after that is gone.
      const isGone = message.text().includes("404") && MAY_BE_GONE.test(message.location().url);
      if (isBad && !isGone) this.complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("dialog", (dialog) => {
      this.complaints.push(`a script opened a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol !== "data:" && !this.#origins.has(origin)) {
        this.complaints.push(`a request to ${origin}`);
      }
    });
    await page.goto(address);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}
