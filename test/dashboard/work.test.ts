/*
 * Why jobs stand where they do, what holds them back, their groups, and what is set for a tube, in
 * the real browser, against a real server.
 *
 * @module-tag chromium
 */
import { expect, test } from "vitest";
import { HttpPort } from "../http/http-port.ts";
import { Desk } from "./desk.ts";
import { encodeFailure, serializeError } from "../../src/worker/serialized-error.ts";
import { bury, progress, put } from "./queue-client.ts";

const desk = Desk.ofFile(() => HttpPort.start({ threads: 2 }));
const TEXT = new TextDecoder();
const why = () => desk.page.locator(".why-panel");

/** Puts a job with tags; returns its id. */
async function putTagged(tube: string, body: string, tags: string): Promise<number> {
  const plain = put(body);
  const [, line = ""] = await desk.client.send(`use ${tube}`, {
    ...plain,
    line: `${plain.line} ${tags}`,
  });
  return Number(line.split(" ")[1]);
}

test("a job's page says why it stands where it does, whatever its state, and follows", async () => {
  const [first = 0, second = 0] = await desk.putInto("why", ["a", "b"]);
  await desk.open(`#/jobs/${second}`);
  await why().getByText("No connection watches its tube; 1 job stands before it.").waitFor();
  await why().getByText("unwatched").waitFor();
  await desk.client.send("watch why", `reserve-job ${second}`);
  await why()
    .getByText(/^127\.0\.0\.1:\d+ holds it and has \d+ s left\.$/)
    .waitFor();
  await desk.client.send(`release ${second} 1024 600`);
  await desk.page.keyboard.press("r"); // asks at once
  await why()
    .getByText(/^Its delay is over in \d+ s\.$/)
    .waitFor();
  await desk.client.send(`reserve-job ${second}`, `bury ${second} 1024`);
  await desk.page.keyboard.press("r");
  await why().getByText("It is buried until it is kicked.").waitFor();
  await desk.press("Kick");
  await why()
    .getByText(/the connection that watches its tube is busy/)
    .waitFor();
  await desk.client.send("pause-tube why 600");
  await desk.open(`#/jobs/${second}`);
  await expect
    .poll(() => why().locator(".why").textContent())
    .toMatch(/^pausedIts tube is paused for \d+ s more; 1 job stands before it\.$/);
  await desk.client.send("pause-tube why 0", "ignore why", `delete ${first}`);
});

test("a job whose key is taken names the jobs that hold it, with links", async () => {
  const holder = await putTagged("keyed", "a", "con:db");
  const other = await putTagged("keyed", "b", "con:db");
  await desk.client.send("watch keyed", `reserve-job ${holder}`);
  await desk.open(`#/jobs/${other}`);
  await why().getByText("db: 1 of at most 1 held, by").waitFor();
  await why()
    .getByRole("link", { name: String(holder), exact: true })
    .click();
  await desk.page.getByRole("heading", { name: `Job ${holder}`, exact: true }).waitFor();
  await expect.poll(() => why().locator(".reason").allTextContents()).toEqual(["held"]);
  await desk.client.send(`delete ${holder}`, `delete ${other}`, "ignore keyed");
});

test("a job that goes while its page is open is gone, and where it was last is said", async () => {
  const [id = 0] = await desk.putInto("goes", ["x"]);
  await desk.open(`#/jobs/${id}`);
  await why()
    .getByText(/No connection watches/)
    .waitFor();
  await desk.client.send(`delete ${id}`);
  await desk.page.keyboard.press("r");
  await desk.sees("The job is gone meanwhile.");
  await desk.sees(/When it was last looked at it was ready in goes/);
  await desk.counts(why(), 0);
});

test("a job leads to its group, whose page shows who is in it and who waits, and follows", async () => {
  const first = await putTagged("parts", "a", "grp:import");
  const second = await putTagged("more-parts", "b", "grp:import");
  const report = await putTagged("reports", "c", "aft:import max:3");
  await desk.client.send(`reserve-job ${second}`, `bury ${second} 0`);
  await desk.open(`#/jobs/${report}`);
  await why().getByText("It waits for the group import, in which 2 jobs are left.").waitFor();
  const tags = desk.page.locator(".tags li");
  await expect.poll(() => tags.allTextContents()).toEqual(["max:3", "after group import"]);
  await tags.getByRole("link", { name: "import" }).click();
  await desk.sees("2 jobs left, for which 1 job waits.");
  await desk.sees("1 of them is buried");
  const rows = desk.page.locator("tbody tr");
  const shown = () =>
    rows.evaluateAll((all) =>
      all.map((row) => [...row.children].slice(0, 3).map((cell) => cell.textContent)),
    );
  await expect.poll(shown).toEqual([
    [String(first), "ready", "parts"],
    [String(second), "buried", "more-parts"],
  ]);
  await desk.page.getByRole("link", { name: /waiting for it/ }).click();
  await expect.poll(shown).toEqual([[String(report), "delayed", "reports"]]);
  await desk.client.send(`delete ${first}`, `delete ${second}`);
  await desk.page.keyboard.press("r");
  await desk.sees("Nobody is in this group now, or waits for it.");
  expect((await desk.client.stats(`stats-job ${report}`))["state"]).toBe("ready");
});

test("a tube's page says by what its jobs are held back, and how many by each", async () => {
  const [holder] = [
    await putTagged("held-back", "a", "con:smtp"),
    await putTagged("parts", "x", "grp:late"),
  ];
  await putTagged("held-back", "b", "con:smtp");
  await putTagged("held-back", "c", "aft:late");
  await putTagged("held-back", "d", "aft:late");
  await desk.open("#/tubes/held-back?state=delayed");
  const holds = desk.page.getByRole("region", { name: "Held back" }).locator("li");
  const late = "2 jobsgroupthey wait for the group late, in which 1 job is left";
  await expect.poll(() => holds.allTextContents()).toEqual([late]);
  await desk.client.send(
    "watch held-back",
    `reserve-job ${holder}`,
    "set-tube held-back reserved=1",
    "pause-tube held-back 590",
  );
  await desk.open("#/tubes/held-back");
  await expect
    .poll(() => holds.allTextContents())
    .toEqual([
      expect.stringMatching(/^1 jobpausedthe tube is paused for \d+ min \d+ s more$/),
      "1 jobreservedas many jobs of the tube are reserved as may be, 1",
      late,
      "1 jobkeywith the key smtp 1 of at most 1 are reserved, in all tubes",
    ]);
  await holds.getByRole("link", { name: "late" }).click();
  await desk.page.getByRole("heading", { name: "late" }).waitFor();
  await desk.client.send("flush-tube held-back", "ignore held-back");
});

test("a tube that is named like a step of a path has its page, too", async () => {
  await desk.putInto("..", ["two dots"]);
  await desk.open("#/tubes/..");
  await desk.sees("two dots");
  await expect.poll(() => desk.page.locator("h1").textContent()).toBe("..");
});

test("the limits of a tube are set, a wrong one is said in the question, and taken away", async () => {
  const limit = (name: string) => desk.dialog.getByLabel(name, { exact: true });
  const openLimits = async (): Promise<void> => {
    await desk.press("More for limits");
    await desk.page.getByRole("menuitem", { name: "Limits…" }).click();
  };
  await desk.putInto("limits", ["x"]);
  await desk.open("#/tubes/limits");
  await openLimits();
  await limit("jobs").fill("100");
  await limit("rate").fill("often");
  await desk.page.keyboard.press("Enter");
  await desk.dialog.getByRole("alert").getByText('"rate" must be <n>/<unit>: 1 to').waitFor();
  expect((await desk.client.stats("stats-tube limits"))["set-jobs"]).toBe("");
  await limit("rate").fill("5/m");
  await desk.confirm("Set");
  await desk.sees("The limits of limits are set.");
  await desk.sees("limit: rate");
  const set = await desk.client.stats("stats-tube limits");
  expect([set["set-jobs"], set["set-rate"]]).toEqual(["100", "5/m"]);
  await openLimits();
  await expect.poll(() => limit("rate").inputValue()).toBe("5/m");
  await limit("rate").fill("");
  await limit("jobs").fill("");
  await desk.confirm("Set");
  await expect
    .poll(async () => (await desk.client.stats("stats-tube limits"))["set-rate"])
    .toBe("");
  await desk.counts(desk.page.getByText("limit: rate"), 0);
});

test("workers are shown by name and host, with the jobs that they hold, their types and progress", async () => {
  const [id = 0] = await desk.putInto("mails", ['{"type":"send-mail","v":1,"payload":{}}']);
  await desk.client.send(
    "client-name mailer web-1 4711",
    "watch mails",
    `reserve-job ${id}`,
    progress(id, "half of <b>it</b>"),
  );
  await desk.open("#/connections");
  await desk.sees("mailer@web-1");
  await desk.page.getByRole("link", { name: "Workers by name" }).click();
  await desk.page.getByRole("heading", { name: "Workers" }).waitFor();
  const row = desk.page.locator("tbody tr");
  await expect.poll(() => row.count()).toBe(1);
  await expect
    .poll(() => row.textContent())
    .toMatch(new RegExp(`^maileron web-1.*${id}.*send-mail.*for \\d+ s.*half of <b>it</b>`));
  await row.getByRole("link", { name: "process 4711" }).waitFor();
  await row.getByRole("link", { name: String(id), exact: true }).click();
  await desk.page.getByRole("heading", { name: `Job ${id}`, exact: true }).waitFor();
  await desk.page.getByRole("link", { name: "mailer@web-1" }).first().waitFor();
  await desk.client.send(`delete ${id}`, "ignore mails");
});

test("the error that a worker of the library left is laid out, with its cause, and stays text", async () => {
  const cause = new RangeError("<b>too far</b>");
  const message = TEXT.decode(encodeFailure(serializeError(new Error("no route", { cause }))));
  const [id = 0] = await desk.putInto("routes", ["x"]);
  await desk.client.send(`reserve-job ${id}`, bury(id, message));
  await desk.open(`#/jobs/${id}`);
  const shown = desk.page.getByLabel("the message of attempt 1", { exact: true });
  await expect
    .poll(() => shown.textContent())
    .toMatch(/^Error: no route\n    at [^]*\nCaused by: RangeError: <b>too far<\/b>\n    at /);
  await desk.page.locator(".timeline").getByRole("button", { name: "Text" }).click();
  await expect.poll(() => shown.textContent()).toContain('"name":"RangeError"');
  await desk.open("#/failures?tube=routes");
  await desk.page.getByText("Newest message").click();
  await expect
    .poll(() => desk.page.locator(".group-message").textContent())
    .toMatch(/^Error: no route\n    at /);
  await desk.client.send(`delete ${id}`);
});

test("the browser had nothing to complain about", () => {
  // A refused value is a line in the console of any browser.
  expect(desk.browser.complaints.filter((line) => !/400.*settings$/.test(line))).toEqual([]);
});
