// A counsellor's shift from log-in to print, on the real desk. The address of the desk is an argument. The script prints KILL when the test
// should kill the service, and continues once a line on standard input reports that the service runs again.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [base, tools, folder, oldest, other] = process.argv.slice(2);
const { chromium } = createRequire(`${tools}/`)("playwright-core");
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });

/** Logs a member of staff in, in a separate browser context. The script later checks that no page was reloaded after this. */
async function begin(login) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  await context.addCookies([{ name: "language", value: "en", url: `${base}/desk` }]);
  const page = await context.newPage();
  page.setDefaultTimeout(30000);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on("dialog", (dialog) => wrong.push(`a dialog: ${dialog.message()}`));
  await page.goto(`${base}/desk/login`);
  await page.fill("#login", login);
  await page.fill("#password", "a long password");
  await page.keyboard.press("Enter");
  await page.waitForSelector("header.top");
  await page.evaluate(() => (window.since = "log-in"));
  return { page, wrong };
}

const mila = await begin("mila");
const petar = await begin("petar");
const [one, two] = [mila.page, petar.page];

// Takes and answers the oldest contact. Cancels the reply and sends another one.
await one.waitForSelector(`#list a:has-text("${oldest}")`);
await one.keyboard.press("j");
await one.waitForSelector("#list a:focus");
await one.keyboard.press("Enter");
await one.waitForSelector(`#contact:has-text("${oldest}")`);
await one.keyboard.press("c");
await one.waitForSelector("#record:has-text('mila')");
await one.waitForSelector("#reply:focus");
await one.keyboard.type("Too quick");
await one.keyboard.press("Control+Enter");
await one.waitForSelector(".message.reply:has-text('Too quick')");
await one.keyboard.press("Escape");
await one.keyboard.press("u");
await one.waitForFunction(() => document.getElementById("reply").value === "Too quick");
await one.fill("#reply", "");
// The page may still say that the earlier draft was kept.
const kept = one.waitForResponse(
  (answer) => answer.url().endsWith("/draft") && (answer.request().postData() ?? "").includes("here."),
);
await one.locator("#reply").pressSequentially("We are here. ", { delay: 5 });
await kept;
await one.waitForSelector("#kept:has-text('kept')");
// The service is killed while a reply is being typed.
console.log("KILL");
await one.locator("#reply").pressSequentially("You did right to write.", { delay: 5 });
await answers.next();
await one.waitForSelector("#stale", { state: "hidden" });
assert.equal(await one.inputValue("#reply"), "We are here. You did right to write.");
await one.focus("#reply");
await one.keyboard.press("Control+Enter");
// The page reconnects after the restart. By then the reply may already have left, so any delivery state is right.
await one.waitForSelector(".message.reply .delivery");
await one.waitForFunction(() => document.querySelectorAll(".message.reply").length === 1);

// Adds a note, and hands the contact over to a colleague, whose page shows the change.
await one.keyboard.press("Escape");
await one.keyboard.press("n");
await one.keyboard.type("She asked twice whether we tell her parents.");
await one.click("form.note button");
await one.waitForSelector(".message.note:has-text('asked twice')");
await two.click(".views a[href*='mine']");
await two.waitForSelector(".views a[href*='mine'][aria-current]");
await one.click("#handing summary");
await one.selectOption("#hand-to", { label: "petar" });
await one.fill("#hand-note", "My shift ends");
await one.click("#handing form button");
await two.click(`#list a:has-text("${oldest}")`);
await two.waitForSelector(".message.note:has-text('My shift ends')");

// The colleague completes the wrap-up by keyboard.
await two.keyboard.press("w");
for (const [question, answer] of [
  ["kind", "counselling"],
  ["role", "child"],
  ["topic", "grooming"],
  ["urgency", "urgent"],
  ["outcome", "advice given"],
]) {
  await two.focus(`#q-${question}`);
  await two.keyboard.type(answer);
}
await two.click("#wrapup button[name=close]");
await two.waitForSelector("#contact:has-text('closed')");

// Logs a call.
await one.keyboard.press("Escape");
await one.locator("#main").evaluate((main) => main.ownerDocument.activeElement.blur());
await one.keyboard.press("l");
await one.waitForSelector("#logging");
await one.fill("#text", "A mother asks about settings.");
for (const [question, answer] of [
  ["kind", "counselling"],
  ["role", "parent"],
  ["topic", "technical"],
  ["urgency", "ordinary"],
  ["outcome", "advice given"],
]) {
  await one.focus(`#q-${question}`);
  await one.keyboard.type(answer);
}
await one.focus("#text");
await one.keyboard.press("Control+Enter");
await one.waitForSelector("main .done");

// Forms a case and proposes a referral. A second person confirms it, which forwards the case.
await one.click(".pages");
await one.click("header nav a[href=\'/desk/inbox\']");
await one.click(".views a[href*='view=unassigned']");
await one.waitForSelector(".views a[href*='view=unassigned'][aria-current]");
await one.click(`#list a:has-text("${other}")`);
await one.click("form[action$='/claim'] button");
await one.click("#forming summary");
await one.click("#forming form button");
await one.waitForSelector("#case");
await one.fill("#summary", "Лажни профил једне ученице");
await one.selectOption("#institution", "mup");
await one.fill("#sent", "Address and screenshot");
await one.click("form[action$='/referrals'] button");
await one.waitForSelector(".referral:has-text('second person')");
assert.equal(await one.locator("form[action$='/confirm']").count(), 0, "nobody confirms what they proposed");
await two.click(".pages");
await two.click("header nav a[href=\'/desk/cases\']");
await two.click("main td a");
await two.click("form[action$='/confirm'] button");
await two.waitForSelector("#case h1:has-text('forwarded')");
await one.waitForSelector("#case h1:has-text('forwarded')");

// A Cyrillic search finds the words that a child wrote in Latin script. The case is printed.
await one.click(".pages");
await one.click("header nav a[href=\'/desk/inbox\']");
await one.fill("#q", "лажни профил");
await one.keyboard.press("Enter");
await one.waitForSelector(`#list a:has-text("${other}")`);
const printed = await two.pdf({ format: "A4" });
assert.equal(printed.subarray(0, 4).toString(), "%PDF");
await writeFile(`${folder}/case.pdf`, printed);

for (const { page, wrong } of [mila, petar]) {
  assert.equal(await page.evaluate(() => window.since), "log-in", "no page was loaded anew");
  assert.deepEqual(wrong, []);
}
await browser.close();
console.log("DONE");
process.exit(0);
