// Follows links and replaces the page without reloading it.

import { findAround, findParts, getRefusal, parsePage } from "./page.js";
import { updateChildren } from "./morph.js";
import { countDown, markStale, showFlash } from "./parts.js";
import { saveDrafts } from "../contact/drafts.js";
import { enterContact, leaveContact } from "../contact/presence.js";
import { collapseWrapUp } from "../contact/wrap_up.js";
import { prepareClock } from "../contact/clock.js";
import { prepareComposer } from "../contact/composer.js";
import { prepareControls } from "../admin/admin.js";
import { closeQuestion } from "./dialog.js";
import { hideRefusal, showRefusal } from "./refusal.js";
import { noteAction } from "./session.js";

/** The path and query of the page that is shown. An address that differs only in its fragment belongs to the same page. */
let page = location.pathname + location.search;

/**
 * @param {string} url
 * @param {"pushState" | "replaceState"} how
 */
export function setAddress(url, how) {
  history[how](null, "", url);
  page = location.pathname + location.search;
}

/** Scrolls to the element that the fragment of the address names, and focuses it. */
function scrollToHash() {
  const place = location.hash && document.getElementById(location.hash.slice(1));
  if (!place) return;
  place.setAttribute("tabindex", "-1");
  place.focus({ preventScroll: true });
  place.scrollIntoView();
}

let going = 0;

/** Returns a number that changes when another page is opened. */
export function getTurn() {
  return going;
}

/** Returns a form with changes that are neither sent nor saved as a draft; null if there is none. */
function findUnsentForm() {
  const forms = [.../** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-leave]"))];
  return forms.find((form) => [...form.elements].some(isChanged)) ?? null;
}

/** @param {Element} field */
function isChanged(field) {
  if (field instanceof HTMLSelectElement)
    return [...field.options].some((option) => option.selected && !option.defaultSelected && option.value !== "");
  if (field instanceof HTMLTextAreaElement) return field.value.trim() !== field.defaultValue.trim();
  return field instanceof HTMLInputElement && field.type !== "hidden" && field.value !== field.defaultValue;
}
addEventListener("beforeunload", (event) => {
  if (findUnsentForm()) event.preventDefault();
});

/**
 * Loads another page of the desk and shows it without a reload.
 * @param {string} url
 * @param {boolean} back whether the address bar already shows `url`, as after the back button
 * @param {URLSearchParams} [body] the body of a POST request; without a body the request is a GET
 */
export async function openPage(url, back, body) {
  const begun = findUnsentForm();
  if (begun && !confirm(begun.dataset.leave)) {
    if (back) history.forward();
    return;
  }
  const turn = ++going;
  await saveDrafts();
  leaveContact();
  try {
    const answer = await fetch(url, { headers: { accept: "text/html" }, ...(body && { method: "POST", body }) });
    if (new URL(answer.url).pathname === "/desk/login") return location.assign(answer.url);
    noteAction();
    const fresh = parsePage(await answer.text());
    // The counsellor opened another page in the meantime.
    if (turn !== going) return;
    if (!fresh.querySelector("header.top")) {
      if (!body) return location.assign(answer.url);
      // The answer to a POST request can't be loaded by its address, so the refusal is shown here.
      return showRefusal(getRefusal(fresh, answer));
    }
    if (!back) setAddress(answer.url + new URL(url, location.href).hash, "pushState");
    replacePage(fresh);
    scrollToHash();
  } catch (error) {
    console.error(error);
    // The address bar already shows the address of the other page, so a reload opens that page.
    if (back) location.reload();
    else markStale(true);
  }
}

/** Returns the first field of a page. This script focuses the field, because the browser would scroll the heading out of view. */
function findFirstField() {
  return /** @type {HTMLElement | null} */ (document.querySelector("main [data-first]"));
}
/** Focuses the first field of the page that the browser loaded. */
export function focusFirstField() {
  prepareClock();
  if (!location.hash) findFirstField()?.focus({ preventScroll: true });
}

/**
 * Replaces the content of this page with another page.
 * @param {Document} fresh the other page
 */
export function replacePage(fresh) {
  document.body.className = fresh.body.className;
  const before = document.getElementById("list");
  const [view, place] = [before?.getAttribute("aria-label"), before?.scrollTop ?? 0];
  for (const part of ["header.top", "main", "#stale"]) {
    const [old, now] = [document.querySelector(part), fresh.querySelector(part)];
    if (old && now) old.replaceWith(now);
  }
  // The alarms that both pages show stay, because screen readers would read them aloud again.
  for (const id of ["health", "care"]) {
    const [old, now] = findParts(id, fresh);
    if (old && now) updateChildren(old, now);
  }
  const list = document.getElementById("list");
  // The label is the name of the view. Another view begins at its top.
  if (list && list.getAttribute("aria-label") === view) list.scrollTop = place;
  document.title = fresh.title;
  showFlash(fresh);
  markStale(false);
  hideRefusal();
  closeQuestion();
  preparePage();
  const first = findFirstField() ?? document.getElementById("contact") ?? document.getElementById("main");
  if (!first?.matches("select, input, textarea")) first?.setAttribute("tabindex", "-1");
  /** @type {HTMLElement | null} */ (first)?.focus({ preventScroll: true });
  if (!document.body.classList.contains("three")) scrollTo(0, 0);
}

export function preparePage() {
  const thread = document.getElementById("thread");
  if (thread) thread.scrollTop = thread.scrollHeight;
  countDown();
  // Saves text that was typed on the previous page while this page was loading.
  saveDrafts();
  enterContact();
  collapseWrapUp();
  prepareClock();
  prepareComposer();
  prepareControls();
}

document.addEventListener("click", (event) => {
  const link = findAround(event, "a[href]");
  if (
    !(link instanceof HTMLAnchorElement) ||
    event.defaultPrevented ||
    event.button ||
    event.ctrlKey ||
    event.metaKey ||
    event.shiftKey
  )
    return;
  const to = new URL(link.href);
  if (
    to.origin !== location.origin ||
    !to.pathname.startsWith("/desk") ||
    link.hasAttribute("download") ||
    link.target ||
    to.hash
  )
    return;
  event.preventDefault();
  openPage(link.href, false);
});
document.addEventListener("click", (event) => {
  if (findAround(event, "[data-print]")) print();
});
addEventListener("popstate", () => {
  if (location.pathname + location.search === page) return;
  page = location.pathname + location.search;
  openPage(location.href, true);
});
