// What is being written: kept on the server while it is typed, and asked about before it is sent past something unseen.

import { findAround } from "../http/page.js";

/** How long after the last key it is kept, in milliseconds. */
const SOON = 700;
/** How long after it could not be kept it is tried again, in milliseconds. */
const RETRY = 5000;

/** @type {Map<HTMLFormElement, number>} */
const waiting = new Map();

/** @param {HTMLFormElement} form */
function findTextArea(form) {
  return /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea"));
}

/** @returns {HTMLInputElement | null} */
function findSeen() {
  return document.querySelector("form.reply input[name=seen]");
}

/**
 * Where a form's own contact is, whatever the page shows by now.
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
  // Somebody came back to it: what they see there is newer.
  if (!form.isConnected && document.querySelector(`[data-at="${at}"]`)) return;
  const said = form.isConnected ? document.getElementById("kept") : null;
  const words = /** @type {DOMStringMap} */ (said?.dataset ?? {});
  try {
    const answer = await fetch(`${at}/draft`, { method: "POST", body: buildDraft(form) });
    if (said) said.textContent = (answer.ok ? words.yes : words.no) ?? "";
    if (!answer.ok) scheduleDraft(form, RETRY);
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
  waiting.set(
    form,
    setTimeout(() => saveDraft(form), delay),
  );
}

/** Whether something is not kept yet. */
export function hasUnsavedDrafts() {
  return waiting.size > 0;
}

/** Keeps at once what is not kept yet. */
export async function saveDrafts() {
  await Promise.all([...waiting.keys()].map(saveDraft));
}

document.addEventListener("input", (event) => {
  const form = event.target instanceof HTMLTextAreaElement ? event.target.form : null;
  if (!form?.dataset.draft) return;
  clearTimeout(waiting.get(form));
  scheduleDraft(form, SOON);
});

// A tab that is closed, or a telephone that is put away, keeps what was typed last.
addEventListener("pagehide", () => {
  for (const form of waiting.keys()) navigator.sendBeacon(`${findContact(form)?.dataset.at}/draft`, buildDraft(form));
});
// What could not be kept is not left behind without a question.
addEventListener("beforeunload", (event) => {
  if (waiting.size && !navigator.onLine) event.preventDefault();
});

/**
 * A page that was read anew tells what a reply has to have seen by now.
 * @param {Element | null} write
 */
export function updateSeen(write) {
  const mine = findSeen();
  const now = /** @type {HTMLInputElement | null} */ (write?.querySelector("input[name=seen]"));
  if (!mine?.form || !now) return;
  mine.dataset.newest = now.dataset.newest;
  // Who has written nothing yet has seen what is shown.
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

/** An id as a form has it; `crypto.randomUUID` is not there without TLS. */
export function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * A form was sent: the next text is another message.
 * @param {HTMLFormElement} form
 * @param {Document} fresh
 * @param {FormData} what what was sent
 */
export function beginNextMessage(form, fresh, what) {
  const now = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=id]"));
  // It was taken back before its own answer came: its words stand there again.
  if (now && now.value !== what.get("id")) return;
  const text = what.get("text");
  clearTimeout(waiting.get(form));
  waiting.delete(form);
  const typed = form.querySelector("textarea");
  // What was typed on while it was under way is the beginning of the next.
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
 * Says which files are chosen, in the language of the desk and not of the browser.
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
 * A reply was taken back: its words are a draft again.
 * @param {Document} fresh
 */
export function restoreReply(fresh) {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form.reply"));
  const text = /** @type {HTMLTextAreaElement | null} */ (fresh.getElementById("reply"))?.value ?? "";
  if (form) {
    const id = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=id]"));
    if (id) id.value = makeId();
    const begun = findTextArea(form).value;
    // What was begun since, and is not kept yet, stays below.
    findTextArea(form).value = text.includes(begun.trim()) ? text : `${text}\n\n${begun}`;
  }
  updateSeen(fresh.getElementById("write"));
}
