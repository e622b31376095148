// Updates the areas of the page that change while it is open.

import { findParts } from "./page.js";
import { updateChildren } from "./morph.js";
import { updateSeen } from "../contact/drafts.js";
import { updateWrapUpRights } from "../contact/wrap_up.js";
import { notifyOfWaiting } from "../inbox/notification.js";

/** The ids of the page areas that every refresh updates. None of them contains a text field. */
const PARTS = [
  "views",
  "list",
  "head",
  "thread",
  "person",
  "record",
  "health",
  "figures",
  "case",
  "waits",
  "waits-too",
  "case-tasks",
  "care",
];

/**
 * Updates the areas of the page that a newer version of the page has too.
 * @param {Document} fresh the newer version
 */
export function updateParts(fresh) {
  for (const id of PARTS) {
    const [old, now] = findParts(id, fresh);
    if (!old || !now) continue;
    const atEnd = old.scrollTop + old.clientHeight >= old.scrollHeight - 40;
    updateChildren(old, now);
    if (id === "thread" && atEnd) old.scrollTop = old.scrollHeight;
  }
  const [write, writeNow] = findParts("write", fresh);
  updateSeen(writeNow);
  // The right to reply can change. A form with typed text stays on the page, and its buttons are disabled.
  if (write && writeNow && !write.querySelector("form") !== !writeNow.querySelector("form") && !hasText(write)) {
    write.replaceChildren(...writeNow.childNodes);
  } else if (write && writeNow) blockReply(write, !writeNow.querySelector("form"));
  updateWrapUpRights(fresh);
  document.title = fresh.title;
  countDown();
  notifyOfWaiting();
}

/**
 * Removes the reply form after this counsellor handed over or gave back the contact. Unsent text has already been saved as a
 * draft.
 * @param {Document} fresh
 */
export function replaceReplyForm(fresh) {
  const [write, now] = findParts("write", fresh);
  if (write && now && !now.querySelector("form")) write.replaceChildren(...now.childNodes);
}

/**
 * Scrolls to the message that was just written.
 * @param {Set<string>} before the ids of the messages that the page showed before
 */
export function revealNewMessage(before) {
  const all = [...document.querySelectorAll("#thread .message")];
  all.findLast((message) => !before.has(message.id))?.scrollIntoView({ block: "nearest" });
}

/**
 * Disables the reply form while the contact is assigned to a colleague. Shows an alert, which screen readers read aloud.
 * @param {HTMLElement} write
 * @param {boolean} others whether a colleague is the assignee
 */
function blockReply(write, others) {
  const form = write.querySelector("form.reply");
  if (!form || others === !!document.getElementById("taken")) return;
  for (const button of form.querySelectorAll("button")) button.disabled = others;
  if (!others) return document.getElementById("taken")?.remove();
  const notice = document.createElement("p");
  notice.id = "taken";
  notice.className = "alarm";
  notice.setAttribute("role", "alert");
  notice.textContent = write.dataset.taken ?? "";
  write.prepend(notice);
}

/** @param {Element} part */
function hasText(part) {
  return [...part.querySelectorAll("textarea")].some((area) => area.value.trim() !== "");
}

/**
 * Shows what the last action did, as the page in the answer says it. Removes the message of an earlier action.
 * @param {Document} fresh the server's answer
 */
export function showFlash(fresh) {
  const said = fresh.getElementById("flash")?.cloneNode(true).childNodes ?? [];
  document.getElementById("flash")?.replaceChildren(...said);
}

/** Replaces a message about the last action that is no longer true. The page below keeps its place, because the message stays. */
function showLaterFlash() {
  const said = /** @type {HTMLElement | null} */ (document.querySelector("#flash [data-later]"));
  if (said) said.textContent = said.dataset.later ?? "";
}

/** @param {boolean} is */
export function markStale(is) {
  const notice = document.getElementById("stale");
  if (notice) notice.hidden = !is;
}

/** Shows how many seconds remain to take a reply back. Removes the button when the time is over, and returns whether it did. */
export function countDown() {
  let over = false;
  for (const form of document.querySelectorAll("form.undo")) {
    const left = Math.ceil((Number(/** @type {HTMLElement} */ (form).dataset.until) - Date.now()) / 1000);
    const shown = form.querySelector(".left");
    if (left <= 0) {
      form.remove();
      over = true;
      showLaterFlash();
    } else if (shown) shown.textContent = `(${left})`;
  }
  return over;
}
