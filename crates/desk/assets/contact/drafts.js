// Saves replies and notes as drafts on the server while they are typed. Also shows a notice if a message arrived that the author
// of a reply has not seen yet.

import { findAround } from "../http/page.js";
import { noteAction } from "../http/session.js";

/** The delay between the last keystroke and saving the draft, in milliseconds. */
const SOON = 700;
/** The delay before another attempt to save a draft after a failure, in milliseconds. */
const RETRY = 5000;

/** @type {Map<HTMLFormElement, number>} The forms with unsaved drafts, each with the id of its timer. */
const waiting = new Map();
/** Whether the page was emptied because its session ended. */
let isEmptied = false;

/** @param {HTMLFormElement} form */
function findTextArea(form) {
  return /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea"));
}

/** @returns {HTMLInputElement | null} */
function findSeen() {
  return document.querySelector("form.reply input[name=seen]");
}

/**
 * Returns the element of the contact to which a form belongs. The page may show another contact by now.
 * @param {Element} form
 */
function findContact(form) {
  return /** @type {HTMLElement | null} */ (form.closest("[data-at]"));
}

/** @param {HTMLFormElement} form */
function buildDraft(form) {
  const seen = /** @type {HTMLInputElement | null} */ (findContact(form)?.querySelector("form.reply input[name=seen]"));
  const id = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=id]"));
  return new URLSearchParams({
    kind: form.dataset.draft ?? "",
    text: findTextArea(form).value,
    seen: seen?.value ?? "0",
    ...(id && { id: id.value }),
  });
}

/** @param {HTMLFormElement} form */
async function saveDraft(form) {
  clearTimeout(waiting.get(form));
  waiting.delete(form);
  const at = findContact(form)?.dataset.at ?? "";
  // The counsellor left this contact and opened it again. The draft in the new form is newer, so this draft is dropped.
  if (!form.isConnected && document.querySelector(`[data-at="${at}"]`)) return;
  const said = form.isConnected ? document.getElementById("kept") : null;
  const words = /** @type {DOMStringMap} */ (said?.dataset ?? {});
  try {
    const answer = await fetch(`${at}/draft`, { method: "POST", body: buildDraft(form) });
    if (said) said.textContent = (answer.ok ? words.yes : words.no) ?? "";
    if (answer.ok) noteAction();
    else scheduleDraft(form, RETRY);
  } catch {
    if (said) said.textContent = words.no ?? "";
    scheduleDraft(form, RETRY);
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {number} delay
 */
function scheduleDraft(form, delay) {
  if (isEmptied) return;
  waiting.set(
    form,
    setTimeout(() => saveDraft(form), delay),
  );
}

// The session ended. Whoever logs in next in this browser may be somebody else, so nothing is saved later.
document.addEventListener("emptied", () => {
  isEmptied = true;
  for (const timer of waiting.values()) clearTimeout(timer);
  waiting.clear();
});

/** Returns whether a draft is not saved yet. */
export function hasUnsavedDrafts() {
  return waiting.size > 0;
}

/** Saves all unsaved drafts immediately. */
export async function saveDrafts() {
  await Promise.all([...waiting.keys()].map(saveDraft));
}

document.addEventListener("input", (event) => {
  const form = event.target instanceof HTMLTextAreaElement ? event.target.form : null;
  if (!form?.dataset.draft) return;
  clearTimeout(waiting.get(form));
  scheduleDraft(form, SOON);
});

// Saves the last keystrokes when a tab is closed or a phone is locked.
addEventListener("pagehide", () => {
  for (const form of waiting.keys()) navigator.sendBeacon(`${findContact(form)?.dataset.at}/draft`, buildDraft(form));
});
// Asks for confirmation before the page is closed if the browser is offline and a draft is not saved yet.
addEventListener("beforeunload", (event) => {
  if (waiting.size && !navigator.onLine) event.preventDefault();
});

/**
 * Reads the number of the newest message from a refreshed page. Shows a notice if the author of the reply has not seen that
 * message.
 * @param {Element | null} write the reply area of the refreshed page
 */
export function updateSeen(write) {
  const mine = findSeen();
  const now = /** @type {HTMLInputElement | null} */ (write?.querySelector("input[name=seen]"));
  if (!mine?.form || !now) return;
  mine.dataset.newest = now.dataset.newest;
  // With an empty reply field, every message on the page counts as seen.
  if (findTextArea(mine.form).value.trim() === "") mine.value = now.dataset.newest ?? mine.value;
  showNewer(mine);
}

/** @param {HTMLInputElement} mine */
function showNewer(mine) {
  const newer = document.getElementById("newer");
  if (newer) newer.hidden = Number(mine.value) >= Number(mine.dataset.newest);
}

document.addEventListener("click", (event) => {
  if (!findAround(event, "[data-look]")) return;
  const mine = findSeen();
  const thread = document.getElementById("thread");
  if (thread) {
    thread.scrollTop = thread.scrollHeight;
    thread.focus();
  }
  if (!mine?.form) return;
  mine.value = mine.dataset.newest ?? mine.value;
  showNewer(mine);
  saveDraft(mine.form);
});

/** Creates a version 4 UUID for a form. `crypto.randomUUID` is unavailable on pages without TLS. */
export function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * Empties a form after its message was sent, and gives the form another id for the next message.
 * @param {HTMLFormElement} form
 * @param {Document} fresh the server's answer
 * @param {FormData} what the fields that were sent
 */
export function beginNextMessage(form, fresh, what) {
  const now = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=id]"));
  // If the ids differ, the message was taken back before the server's answer arrived. The form then already contains the text
  // again, under another id.
  if (now && now.value !== what.get("id")) return;
  const text = what.get("text");
  clearTimeout(waiting.get(form));
  waiting.delete(form);
  const typed = form.querySelector("textarea");
  // Text that was typed while the request was running is the beginning of the next message.
  const further = typed && text !== null && typed.value !== text;
  if (typed && !further) typed.value = "";
  for (const file of form.querySelectorAll("input[type=file]")) {
    /** @type {HTMLInputElement} */ (file).value = "";
    showChosenFiles(/** @type {HTMLInputElement} */ (file));
  }
  const next = /** @type {HTMLInputElement | null} */ (
    fresh.querySelector(`form[data-draft="${form.dataset.draft}"] input[name=id]`)
  );
  if (now) now.value = next?.value ?? makeId();
  const said = document.getElementById("kept");
  if (said && typed) said.textContent = "";
  if (further) saveDraft(form);
}

/**
 * Shows the names of the chosen files. The browser's own file button would use the browser's language, not the desk's.
 * @param {HTMLInputElement} field
 */
function showChosenFiles(field) {
  const said = document.getElementById(`${field.id}-chosen`);
  const names = [...(field.files ?? [])].map((file) => file.name).join(", ");
  if (said) said.textContent = names && `${said.dataset.said} ${names}`;
}
document.addEventListener("change", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.type === "file") showChosenFiles(event.target);
});

/**
 * Puts the text of a reply that was taken back into the reply field. The text is a draft again.
 * @param {Document} fresh the server's answer, with the text in its reply field
 */
export function restoreReply(fresh) {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form.reply"));
  const text = /** @type {HTMLTextAreaElement | null} */ (fresh.getElementById("reply"))?.value ?? "";
  if (form) {
    const id = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=id]"));
    if (id) id.value = makeId();
    const begun = findTextArea(form).value;
    // Text that was typed after the reply was sent stays, below the restored text.
    findTextArea(form).value = text.includes(begun.trim()) ? text : `${text}\n\n${begun}`;
  }
  updateSeen(fresh.getElementById("write"));
}
