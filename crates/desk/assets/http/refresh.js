// Keeps the page up to date: the server tells when something changed, and the page is loaded again.

import { getContactAddress, parsePage } from "./page.js";
import { replacePage } from "./navigation.js";
import { countDown, markStale, updateParts } from "./parts.js";

/**
 * Shows a newer version of this page.
 * @param {Document} fresh
 */
export function showParts(fresh) {
  const [shown, now] = [getContactAddress(document), getContactAddress(fresh)];
  // If the newer version shows another contact, the whole page is replaced. Otherwise the messages of that contact would appear above a
  // reply to this person.
  if (now && shown && now !== shown) return replacePage(fresh);
  updateParts(fresh);
}

/** The number of forms that the server has accepted. A refresh that began before the last acceptance is out of date. */
let done = 0;
let reading = false;
let again = false;

/** Discards the result of a refresh that is under way, because the server has accepted a form since it began. */
export function outdateRefresh() {
  done++;
}

function getTopOfMain() {
  return document.getElementById("main")?.getBoundingClientRect().top ?? 0;
}

/** Ignores the mouse for a moment, after an alarm at the top moved the page: a press was meant for what stood there before. */
function ignorePresses() {
  document.body.classList.add("moved");
  setTimeout(() => document.body.classList.remove("moved"), 500);
}

export async function refresh() {
  // A page that answers a form cannot be loaded again from its address.
  if (document.body.classList.contains("still")) return;
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  const at = location.href;
  const before = done;
  let html = "";
  try {
    // The header marks an automatic request. Automatic requests do not extend the session.
    const answer = await fetch(at, { headers: { accept: "text/html", "hotline-by-itself": "1" } });
    if (answer.redirected && new URL(answer.url).pathname === "/desk/login") location.assign("/desk/login");
    if (answer.ok) html = await answer.text();
    markStale(!answer.ok);
  } catch {
    markStale(true);
  }
  reading = false;
  // If the counsellor has sent a form or opened another page in the meantime, the result is discarded.
  if (before !== done) again = true;
  else if (html && location.href === at) {
    const before = getTopOfMain();
    showParts(parsePage(html));
    if (getTopOfMain() !== before) ignorePresses();
  }
  if (again) {
    again = false;
    refresh();
  }
}

/** Loads the page again whenever the server tells that something changed. */
export function followChanges() {
  const live = new EventSource("/desk/live");
  live.onmessage = refresh;
  live.onerror = () => {
    // The server closes the event stream when the session ends. A refresh then leads to the log-in page.
    if (live.readyState === EventSource.CLOSED) refresh();
    setTimeout(() => live.readyState !== EventSource.OPEN && markStale(true), 5000);
  };
  live.onopen = () => markStale(false);
  // The waiting times on the page grow even if no event arrives.
  setInterval(refresh, 30000);
  setInterval(() => {
    if (countDown()) refresh();
  }, 500);
}
