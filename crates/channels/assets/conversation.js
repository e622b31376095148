// Shows new answers while the page with a conversation is open. Without this script, the visitor presses the button instead. The receipt
// code travels only in the body of a request to this site.

import { send } from "/posting.js";
import { parsePage } from "/public.js";

/** The time before the first look for new answers, in milliseconds. It doubles after each look without a new answer. */
const FIRST = 10_000;
/** The longest time between two looks, in milliseconds. */
const LONGEST = 60_000;
/** The longest time between two looks while the service cannot be reached, in milliseconds. */
const LONGEST_AFTER_FAULT = 300_000;
/** After this time without a new answer, the page stops looking, in milliseconds. */
const AT_MOST = 3 * 60 * 60 * 1000;

let form;
let said;
let looksUntil = 0;
let wait = FIRST;
let timer;
let request;
/** The number of the current chain of looks. A look that belongs to an earlier chain does not continue it. */
let chain = 0;
/** Whether the last look found something new. */
let isNew = false;

/** Shows the messages of a freshly loaded page. Adds only the new ones, so that a screen reader announces nothing twice. */
function show(fresh) {
  // A message can contain a list, whose items are not messages.
  const messages = (region) => Array.from(region.querySelector(".said").children);
  const texts = (region) => messages(region).map((one) => one.textContent.trim());
  const [before, after] = [texts(said), texts(fresh)];
  if (after.length > before.length && before.every((text, index) => text === after[index])) {
    said.querySelector(".said").append(...messages(fresh).slice(before.length));
    said.querySelector(".unanswered")?.remove();
    said.append(...fresh.querySelectorAll(".unanswered"));
  } else {
    said.replaceChildren(...fresh.childNodes);
  }
}

/** Looks for new answers. Returns whether the service could be reached. */
async function look() {
  request = new AbortController();
  const body = new URLSearchParams(new FormData(form));
  const answer = await fetch(form.action, { method: "POST", body, cache: "no-store", signal: request.signal });
  if (!answer.ok) return false;
  const fresh = parsePage(await answer.text()).getElementById("said");
  if (!fresh) return false;
  isNew = fresh.innerHTML !== said.innerHTML;
  if (isNew) {
    show(fresh);
    looksUntil = performance.now() + AT_MOST;
    wait = FIRST;
  }
  return true;
}

/** Formats the current time in the time zone of the centre, in which the messages have their times. */
function formatNow(timeZone) {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone }).format();
}

function stop() {
  chain += 1;
  clearTimeout(timer);
  request?.abort();
}

/** Looks again after `delay` milliseconds. Does nothing while the page is hidden, and after the visitor left it. */
function lookIn(delay) {
  stop();
  const mine = chain;
  if (document.hidden || !said?.isConnected || performance.now() > looksUntil) return;
  timer = setTimeout(async () => {
    wait = Math.min(wait * 2, LONGEST);
    const reached = await look().catch(() => false);
    if (mine !== chain) return;
    if (!reached) wait = Math.min(wait * 2, LONGEST_AFTER_FAULT);
    lookIn(wait);
  }, delay);
}

/** Begins to look for new answers if the page shows a conversation. */
function follow() {
  stop();
  form = document.querySelector("form.refresh");
  said = document.getElementById("said");
  if (!form || !said) return;
  looksUntil = performance.now() + AT_MOST;
  wait = FIRST;
  lookIn(wait);
  // The button looks without loading the page again, so that typed text stays.
  const mine = form;
  mine.addEventListener("submit", async (event) => {
    event.preventDefault();
    stop();
    const reached = await look().catch(() => false);
    // The page may have been replaced meanwhile.
    if (!mine.isConnected) return;
    if (!reached) return send(mine);
    const looked = document.getElementById("looked");
    looked.textContent = isNew ? "" : looked.dataset.nothing.replace("{time}", formatNow(looked.dataset.zone));
    lookIn(wait);
  });
}

follow();
document.addEventListener("replaced", follow);
document.addEventListener("visibilitychange", () => {
  wait = FIRST;
  lookIn(0);
});
addEventListener("pagehide", stop);
