// Visits every page of the desk in the demo, as each role. Checks each page with axe-core, and that it does not scroll sideways at any
// width. Prints one line for each fault, and then the number of checks.
//
// Without FULL, each page is checked with axe in one language and one theme, in turn; with FULL=1, in all of them. With SHOTS=folder, the
// script also saves a picture of each page in light, in dark and on a phone.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const [base, tools] = process.argv.slice(2);
const { FULL, SHOTS, CHROMIUM = "/usr/bin/chromium", PASSWORD = "four blue paper boats" } = process.env;
const require = createRequire(`${tools}/`);
const { chromium } = require("playwright-core");
const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
/** WCAG 2.2 to level AA, and the best practices of axe. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** 320 is also a page of 1,280 pixels at 400 %. */
const WIDTHS = [320, 360, 640, 1093, 1440, 1920, 2560];
const LANGUAGES = ["sr-Cyrl", "sr-Latn", "en"];
const THEMES = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  forced: { colorScheme: "light", forcedColors: "active", reducedMotion: "reduce" },
  calm: { colorScheme: "light" },
};

/** The pages of each role. A function finds the address of a page on the page before it. */
const first = (selector) => (page) => page.locator(selector).first().getAttribute("href");
const search = (words) => async (page) => {
  await page.goto(`${base}/desk/inbox?view=all`);
  await page.fill("input[name=q]", words);
  await page.press("input[name=q]", "Enter");
  await page.waitForURL(/[?&]s=/);
  return page.url().slice(base.length);
};
/** Begins a draft of the wrap-up questions, and returns its address. */
const draft = async (page) => {
  const begin = page.locator("main form[action='/desk/admin/scheme/draft'] button");
  if (await begin.count()) {
    await begin.click();
    await page.waitForURL(/scheme\/draft/);
  }
  return "/desk/admin/scheme/draft";
};
const PAGES = {
  mila: [
    "/desk/inbox?view=unassigned",
    "/desk/inbox?view=mine",
    "/desk/inbox?view=all",
    first("#list ol a[href^='/desk/contacts/']"),
    "/desk/inbox?view=all&channel=telegram",
    first("#list ol a[href^='/desk/contacts/']"),
    "/desk/inbox?view=all&channel=telephone",
    first("#list ol a[href^='/desk/contacts/']"),
    "/desk/inbox?view=closed&channel=email",
    first("#list ol a[href^='/desk/contacts/']"),
    "/desk/log",
    "/desk/canned",
    "/desk/canned/new",
    "/desk/cases",
    first("main a[href^='/desk/cases/']"),
    "/desk/outreach",
    "/desk/routing/shifts",
    "/desk/me",
    "/desk/me/password",
    "/desk/me/factors",
    "/desk/styleguide",
    "/desk/nothing-here",
    "/desk/contacts/2222-2222",
    search("profil"),
  ],
  sara: [
    "/desk/routing",
    "/desk/routing/hours",
    "/desk/alarms",
    "/desk/routing/reading",
    "/desk/inbox?view=quarantine",
    "/desk/queue",
    "/desk/locked-files",
    "/desk/inbox?view=closed",
    first("#list ol a[href^='/desk/contacts/']"),
    first("a[href$='/erase-person']"),
    "/desk/inbox?view=closed",
    first("#list ol a[href^='/desk/contacts/']"),
    first("a[href$='/evidence']"),
    "/desk/retention",
    "/desk/retention/record",
  ],
  petra: [
    "/desk/statistics",
    "/desk/statistics?period=year",
    "/desk/statistics/narrative?period=month",
    "/desk/statistics/returns/insafe",
    "/desk/statistics/returns/chi",
    "/desk/outreach?period=year",
    "/desk/locked-files",
  ],
  vera: ["/desk/audit"],
  admin: [
    "/desk/admin/staff",
    first("main a[href^='/desk/admin/staff/']"),
    "/desk/admin/system",
    "/desk/admin/settings",
    "/desk/admin/texts",
    "/desk/admin/texts/closed-answer",
    "/desk/admin/texts/emergency",
    "/desk/admin/texts/opening-hours",
    "/desk/admin/lines",
    first("main a[href^='/desk/admin/connect/']"),
    "/desk/admin/lines/mail",
    "/desk/admin/scheme",
    draft,
    first("main a[href^='/desk/admin/scheme/questions/']"),
    "/desk/admin/scheme/review",
  ],
};

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
let checks = 0;
const faults = new Set();

async function logIn(login) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, bypassCSP: true });
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.add(`${page.url()}: ${error}`));
  await page.goto(`${base}/desk/login`);
  await checkAxe(page, "the log-in");
  await page.fill("#login", login);
  await page.fill("#password", PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForSelector("header.top");
  return page;
}

/** Checks the page with axe. */
async function checkAxe(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(
    (values) => window.axe.run(document, { runOnly: { type: "tag", values } }),
    RULES,
  );
  checks += 1;
  for (const one of violations) faults.add(`${what}: ${one.id}: ${one.nodes[0].html.slice(0, 200)}`);
}

/** Checks that no part of the page is cut off or needs sideways scrolling (WCAG 2.2, success criterion 1.4.10). */
async function checkWidths(page, what) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    checks += 1;
    if (wide > 0) faults.add(`${what} at ${width} px: ${wide} px too wide`);
  }
}

/** Turns an address into a part of a file name. */
const name = (address) => address.replaceAll(/[^a-z0-9]+/gi, "-").slice(1, 60);

/** Opens a page in a language and a theme, and checks it. */
async function check(page, path, language, theme, what) {
  await page.context().addCookies([{ name: "language", value: language, url: `${base}/desk` }]);
  await page.emulateMedia({ forcedColors: "none", reducedMotion: "no-preference", ...THEMES[theme] });
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto(base + path);
  if (theme === "calm") await page.evaluate(() => (document.documentElement.dataset.theme = "calm"));
  await checkAxe(page, what);
  await checkWidths(page, what);
}

/** Checks the page on a phone with everything opened that is closed at first: folded parts and the menu. */
async function checkOpened(page, what) {
  await page.setViewportSize({ width: 360, height: 900 });
  const opened = await page.evaluate(() => {
    const folded = document.querySelectorAll("details:not([open])");
    for (const one of folded) one.open = true;
    const menu = document.getElementById("pages");
    menu?.showPopover();
    return folded.length > 0 || !!menu;
  });
  if (opened) await checkAxe(page, `${what}, opened`);
}

/** Checks the dialogs that every page has: the commands and the list of keys. */
async function checkDialogs(page, what) {
  for (const [key, id] of [
    ["Control+k", "palette"],
    ["?", "keys"],
  ]) {
    // In a field, the question mark is text.
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press(key);
    await page.locator(`#${id}[open]`).waitFor();
    await checkAxe(page, `${what}, ${id}`);
    await page.keyboard.press("Escape");
  }
}

/** Saves pictures of a page in light, in dark and on a phone. */
async function takePictures(page, path, login) {
  await page.context().addCookies([{ name: "language", value: "en", url: `${base}/desk` }]);
  for (const [kind, colorScheme, width] of [
    ["light", "light", 1440],
    ["dark", "dark", 1440],
    ["phone", "light", 390],
  ]) {
    await page.emulateMedia({ forcedColors: "none", colorScheme });
    await page.setViewportSize({ width, height: 900 });
    await page.goto(base + path);
    await page.screenshot({ path: `${SHOTS}/${login}-${name(path)}-${kind}.png`, fullPage: kind === "phone" });
  }
}

let turn = 0;
const [languages, themes] = [LANGUAGES, Object.keys(THEMES)];
for (const login of Object.keys(PAGES)) {
  const page = await logIn(login);
  for (const one of PAGES[login]) {
    const path = typeof one === "string" ? one : await one(page);
    // The languages and themes take turns, so that each pair is used on several pages.
    const pairs = FULL
      ? languages.flatMap((language) => themes.map((theme) => [language, theme]))
      : [[languages[turn % languages.length], themes[turn % themes.length]]];
    turn += 1;
    for (const [language, theme] of pairs) {
      const what = `${login} ${path} ${language} ${theme}`;
      await check(page, path, language, theme, what);
      if (FULL && one === PAGES[login][0]) await checkDialogs(page, what);
      if (FULL) await checkOpened(page, what);
    }
    if (SHOTS) await takePictures(page, path, login);
  }
  await page.context().close();
}
await browser.close();
for (const fault of faults) console.log(fault);
console.log(`${checks} checks, ${faults.size} faults`);
process.exitCode = faults.size ? 1 : 0;
