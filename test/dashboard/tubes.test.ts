/*
 * The overview and the tubes, in the real browser, against the real server with 10,000 tubes and
 * 100,000 jobs.
 *
 * @module-tag chromium
 */
import { expect, test } from "vitest";
import { Desk } from "./desk.ts";
import { tubeName } from "./full-house.ts";

/** A text on a canvas. */
interface Label {
  readonly text: string;
  /** How far its beginning is from the left edge. */
  readonly left: number;
}

const desk = Desk.ofFile();

test("the overview shows the figures of the server and follows them", async () => {
  await desk.open("#/");
  await desk.page.getByRole("heading", { name: "Overview" }).waitFor();
  await desk.sees(/Jobs in 10,0\d\d tubes/);
  const before = Number((await desk.client.stats("stats"))["current-jobs-ready"]);
  await desk.putInto("overview-test", ["a", "b", "c"]);
  await desk.sees((before + 3).toLocaleString("en"));
  await expect.poll(() => desk.page.locator(".chart canvas").count()).toBeGreaterThanOrEqual(5);
});

test("10,000 tubes are searched, sorted and paged, and the address says how", async () => {
  await desk.putInto(
    "aaa-biggest",
    Array.from({ length: 99 }, () => "x"),
  );
  await desk.open("#/tubes");
  await desk.sees(/10,0\d\d in all/);
  await desk.page.getByRole("link", { name: "Next" }).click();
  await desk.page.waitForURL(/offset=50/);
  await desk.page.getByRole("link", { name: /Ready/ }).click();
  await desk.page.waitForURL(/sort=ready&order=desc/);
  await desk.page.locator("tbody tr").first().getByText("aaa-biggest").waitFor();
  await desk.page.getByRole("searchbox").fill("mail.send.0000");
  await desk.page.waitForURL(/search=mail\.send\.0000/);
  await desk.sees(/^\d found$/);
  await desk.page.reload();
  await desk.sees(/^\d found$/);
  const search = desk.page.getByRole("searchbox");
  await expect.poll(() => search.inputValue()).toBe("mail.send.0000");
});

test("what is typed while the search goes into the address stays", async () => {
  await desk.open("#/tubes");
  const search = desk.page.getByRole("searchbox");
  await search.waitFor();
  await search.evaluate((field) => {
    if (!(field instanceof HTMLInputElement)) return;
    const type = (key: string): void => {
      field.value += key;
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    };
    const replace = history.replaceState.bind(history);
    history.replaceState = (...state) => {
      history.replaceState = replace;
      replace(...state);
      queueMicrotask(() => type("n")); // the page has not drawn what is in the address now
      setTimeout(() => type("d"), 100);
    };
    type("se");
  });
  await desk.page.waitForURL(/search=send/);
  expect(await search.inputValue()).toBe("send");
});

test("a tube with jobs that nobody watches says so", async () => {
  await desk.open(`#/tubes?search=${tubeName(3)}`);
  await desk.sees("no worker is watching");
});

test("a tube is paused and resumed", async () => {
  await desk.putInto("pause-test", ["x"]);
  await desk.open("#/tubes?search=pause-test");
  await desk.press("Pause pause-test");
  await desk.page.getByLabel("Seconds").fill("500");
  await desk.confirm("Pause");
  await desk.sees("pause-test is paused for 8 min 20 s.");
  expect(await desk.figure("pause-test", "pause")).toBe(500);
  await desk.press("Resume pause-test");
  await desk.sees("pause-test goes on.");
  expect(await desk.figure("pause-test", "pause")).toBe(0);
});

test("a flush says first how many jobs it deletes", async () => {
  await desk.putInto("flush-test", ["a", "b", "c"]);
  await desk.open("#/tubes?search=flush-test");
  await desk.page.getByRole("button", { name: "More for flush-test" }).waitFor();
  expect(await desk.page.getByRole("button", { name: /Flush/ }).count()).toBe(0);
  await desk.press("More for flush-test");
  await desk.page.getByRole("menuitem", { name: "Flush 3 jobs…" }).click();
  await desk.dialog.getByText("3 jobs").first().waitFor();
  await desk.page.keyboard.press("Escape");
  await desk.dialog.waitFor({ state: "detached" });
  expect(await desk.figure("flush-test", "current-jobs-ready")).toBe(3);
  await desk.press("More for flush-test");
  await desk.page.getByRole("menuitem", { name: "Flush 3 jobs…" }).click();
  await desk.confirm("Delete 3 jobs");
  await desk.sees("3 jobs of flush-test deleted.");
  expect(await desk.figure("flush-test", "current-jobs-ready")).toBe(0);
});

test("buried jobs of a tube are kicked", async () => {
  const ids = await desk.putInto("kick-test", ["a", "b"]);
  for (const id of ids) await desk.client.send(`reserve-job ${id}`, `bury ${id} 0`);
  await desk.open("#/tubes?search=kick-test");
  // The list may be a second old.
  await desk.page.locator(".buried-link", { hasText: "2" }).waitFor();
  await desk.press("Kick jobs of kick-test");
  await desk.confirm("Kick");
  await desk.sees("2 jobs of kick-test kicked.");
  expect(await desk.figure("kick-test", "current-jobs-ready")).toBe(2);
});

test("only the figure that changed marks itself, and for a second", async () => {
  await desk.putInto("marks-one", ["x"]);
  await desk.putInto("marks-two", ["x"]);
  await desk.open("#/tubes?search=marks");
  await desk.page.locator("tbody tr").nth(1).waitFor();
  await desk.page.evaluate(() => {
    const marks: string[] = [];
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const cell = target instanceof Element ? target : null;
        const row = cell?.closest("tr")?.querySelector("a")?.textContent ?? "";
        marks.push(
          `${row} ${cell?.classList.contains("changed")} ${Math.round(performance.now())}`,
        );
      }
    }).observe(document.body, { subtree: true, attributeFilter: ["class"] });
    Object.assign(globalThis, { marks });
  });
  await desk.putInto("marks-two", ["y"]);
  const marks = async (): Promise<string[]> =>
    (await desk.page.evaluate(() => (globalThis as unknown as { marks: string[] }).marks)).filter(
      (mark) => mark.startsWith("marks-"),
    );
  await expect.poll(async () => (await marks()).length, { timeout: 20_000 }).toBe(2);
  const [on = [], off = []] = (await marks()).map((mark) => mark.split(" "));
  expect([on[0], on[1], off[0], off[1]]).toEqual(["marks-two", "true", "marks-two", "false"]);
  expect(Number(off[2]) - Number(on[2])).toBeGreaterThan(900);
});

test("the oldest ready job is one that can be worked on, and leads to its tube", async () => {
  const tile = desk.page.locator(".tile").filter({ hasText: "Oldest ready" });
  await desk.client.send("watch can-be-worked-on", "reserve-with-timeout 0"); // now it is a worker
  await desk.putInto("can-be-worked-on", ["x"]);
  await desk.open("#/");
  await tile.getByRole("link").click(); // those of the many tubes, which nobody watches, are older
  await desk.page.getByRole("heading", { name: "can-be-worked-on" }).waitFor();
  await desk.client.send("pause-tube can-be-worked-on 1000");
  await desk.open("#/");
  await tile.getByText("–").waitFor();
  expect(await tile.getByRole("link").count()).toBe(0);
  await desk.client.send("ignore can-be-worked-on");
});

test("the charts begin with a minute while not more has been seen", async () => {
  const other = await desk.another("#/");
  await other.locator(".chart canvas").first().waitFor();
  const pressed = other.locator(".segmented [aria-pressed=true]");
  await expect.poll(() => pressed.allTextContents()).toEqual(["1 min"]);
  await other.getByRole("button", { name: "15 min" }).click();
  await expect.poll(() => pressed.allTextContents()).toEqual(["15 min"]);
  await other.close();
});

test("a question ends with its page", async () => {
  await desk.putInto("left-alone", ["a", "b"]);
  await desk.open("#/tubes/left-alone");
  await desk.press("Delete all ready…");
  await desk.dialog.getByText("Delete 2 ready jobs of left-alone").waitFor();
  await desk.page.evaluate(() => (location.hash = "#/failures"));
  await desk.page.getByRole("heading", { name: "Failures" }).waitFor();
  await desk.dialog.waitFor({ state: "detached" });
  await desk.page.keyboard.press("?");
  await desk.dialog.getByRole("heading", { name: "Keys" }).waitFor();
  await desk.page.evaluate(() => (location.hash = "#/tubes"));
  await desk.dialog.waitFor({ state: "detached" });
  expect(await desk.figure("left-alone", "current-jobs-ready")).toBe(2);
});

test("a question is not asked of a reader who has left meanwhile", async () => {
  await desk.putInto("slow-count", ["a"]);
  await desk.open("#/tubes/slow-count");
  const counting = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  await desk.page.route("**/api/v1/bulk", async (asked) => {
    counting.resolve();
    await left.promise;
    await asked.continue();
  });
  const answered = desk.page.waitForResponse("**/api/v1/bulk");
  await desk.press("Delete all ready…");
  await counting.promise;
  await desk.page.evaluate(() => (location.hash = "#/failures"));
  await desk.page.getByRole("heading", { name: "Failures" }).waitFor();
  left.resolve();
  await (await answered).finished();
  await desk.page.unroute("**/api/v1/bulk");
  await desk.press("Keys"); // what the answer leads to has been done by now
  await expect.poll(() => desk.dialog.allTextContents()).toEqual([expect.stringContaining("Keys")]);
  await desk.confirm("Close");
});

test("a tube that is not there offers nothing to do", async () => {
  await desk.look("#/tubes/never-made?state=buried");
  await desk.sees("There is no such tube now.");
  expect(await desk.page.locator("main").getByRole("button").allTextContents()).toEqual([]);
});

test("what opens a question ends in dots, and an urgent job's number stands at the right", async () => {
  await desk.client.send("use urgent-one", {
    line: "put 100 0 9 1",
    body: Buffer.from("x"),
  });
  await desk.open("#/tubes/urgent-one");
  const cell = desk.page.locator("tbody td", { hasText: "urgent" });
  await cell.waitFor();
  await expect.poll(() => cell.textContent()).toBe("urgent 100");
  await expect
    .poll(() => desk.page.locator("main button").allTextContents())
    .toEqual(expect.arrayContaining(["Pause…", "Kick…", "Delete all ready…"]));
});

test("the failures' heading and the number in the frame agree, however few were looked at", async () => {
  const [id = 0] = await desk.putInto("one-failure", ["x"]);
  await desk.client.send(`reserve-job ${id}`, `bury ${id} 0`);
  await desk.page.route("**/api/v1/failures", (asked) =>
    asked.fulfill({ json: { groups: [], groupCount: 3, scanned: 1, isWhole: false } }),
  );
  await desk.open("#/failures");
  const badge = desk.page.locator(".ways .badge");
  const buried = async (): Promise<string> =>
    /\d+/.exec((await badge.textContent()) ?? "")?.[0] ?? "";
  await badge.waitFor();
  expect(Number(await buried())).toBeGreaterThan(1);
  await desk.sees(`3 groups of ${await buried()} buried jobs`);
  await desk.page.unroute("**/api/v1/failures");
});

test("the axes show the chosen time, and their labels whole", async () => {
  await desk.open("#/");
  await desk.page.locator(".chart canvas").first().waitFor();
  // What is written on the canvases, and where it begins.
  await desk.page.addInitScript(() => {
    const labels: Label[] = [];
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, x, ...rest) {
      const isRight = this.textAlign === "right";
      labels.push({ text, left: isRight ? x - this.measureText(text).width : x });
      write.call(this, text, x, ...rest);
    };
    Object.assign(globalThis, { labels });
  });
  // As a page that has been open for a minute, with a latency of more than 16 min 40 s, and a job
  // that is as old.
  await desk.page.evaluate(() => {
    addEventListener("pagehide", () => {
      const stored = JSON.parse(sessionStorage.getItem("homemaker.samples") ?? "{}") as {
        at: number[];
        columns: Record<string, number[]>;
      };
      const now = Date.now() / 1000;
      stored.at = Array.from({ length: 60 }, (_, index) => now - 60 + index);
      for (const name of Object.keys(stored.columns)) {
        stored.columns[name] = stored.at.map((_, index) => (name === "ready" ? index : 1_900_000));
      }
      sessionStorage.setItem("homemaker.samples", JSON.stringify(stored));
    });
  });
  await desk.page.reload();
  const latency = desk.page.locator(".chart").filter({ hasText: "Latency" });
  await latency.locator("canvas").waitFor();
  const labels = (): Promise<Label[]> =>
    desk.page.evaluate(() => (globalThis as unknown as { labels: Label[] }).labels);
  // The steps are those of a clock.
  await expect.poll(async () => (await labels()).some(({ text }) => text === "30 min")).toBe(true);
  expect((await labels()).filter(({ left }) => left < 0)).toEqual([]);
  await desk.press("5 min");
  const states = desk.page.locator(".chart").filter({ hasText: "Jobs by state" });
  const plot = await states.locator(".u-over").boundingBox();
  if (plot === null) throw new Error("there is no plot");
  await desk.page.mouse.move(plot.x + plot.width / 2, plot.y + plot.height / 2);
  // Two and a half minutes ago nothing had been seen: the nearest is the first sample.
  await expect.poll(() => states.locator("dd").first().textContent()).toBe("0");
});

test("the browser had nothing to complain about", () => {
  expect(desk.browser.complaints).toEqual([]);
});
