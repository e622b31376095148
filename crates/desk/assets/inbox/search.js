// Jumps from one hit of a search to the next, and offers the recent searches.

import { findAround } from "../http/page.js";

/** The hit that was shown last. @type {HTMLElement | null} */
let hit = null;

document.addEventListener("click", (event) => {
  if (!findAround(event, "[data-next-hit]")) return;
  /** @type {(HTMLElement | null)[]} */
  const all = [...document.querySelectorAll("#thread mark")];
  hit = all[(all.indexOf(hit) + 1) % all.length] ?? null;
  for (let part = hit?.parentElement; part; part = part.parentElement)
    if (part instanceof HTMLDetailsElement) part.open = true;
  hit?.focus({ preventScroll: true });
  hit?.scrollIntoView({ block: "center" });
});

/** The number of searches that are offered. */
const RECENT = 8;

/**
 * The searches since this page was loaded, newest first. They are kept in this variable only, because browsers write the storage
 * of a tab to disk. Logging out loads another page, so the variable is gone then.
 * @type {string[]}
 */
let recent = [];

/** @param {string} words */
function forgetSearch(words) {
  recent = recent.filter((one) => one !== words);
}

function getField() {
  return /** @type {HTMLInputElement | null} */ (document.getElementById("q"));
}

/**
 * Creates an entry of the list: a button that searches again, and a button that removes the entry.
 * @param {string} words
 * @param {DOMStringMap} labels
 */
function createEntry(words, labels) {
  const entry = document.createElement("li");
  const [again, remove] = [document.createElement("button"), document.createElement("button")];
  again.type = remove.type = "button";
  again.className = remove.className = "quiet";
  again.textContent = words;
  again.dir = "auto";
  remove.textContent = "×";
  remove.setAttribute("aria-label", `${labels.remove}: ${words}`);
  again.addEventListener("click", () => {
    const field = getField();
    if (!field) return;
    field.value = words;
    field.form?.requestSubmit();
  });
  remove.addEventListener("click", () => {
    const place = recent.indexOf(words);
    forgetSearch(words);
    showRecent();
    const left = document.querySelectorAll("#recent button:nth-child(2)");
    /** @type {HTMLElement | null} */ (left[Math.min(place, left.length - 1)] ?? getField())?.focus();
  });
  entry.append(again, remove);
  return entry;
}

/** Shows the recent searches under the search field. */
function showRecent() {
  const list = document.getElementById("recent");
  if (!list) return;
  list.replaceChildren(...recent.map((words) => createEntry(words, list.dataset)));
  list.hidden = recent.length === 0;
}

function hideRecent() {
  const list = document.getElementById("recent");
  if (list) list.hidden = true;
}

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.action.endsWith("/desk/logout")) recent = [];
  const words = form.matches("[role=search]") ? getField()?.value.trim() : "";
  if (!words) return;
  forgetSearch(words);
  recent = [words, ...recent].slice(0, RECENT);
  hideRecent();
});
// After a search the field is in focus and has words; the list would then hide what was found.
for (const type of ["focusin", "click", "input"])
  document.addEventListener(type, (event) => {
    const field = getField();
    if (event.target !== field || !field) return;
    if (field.value === "") showRecent();
    else hideRecent();
  });
document.addEventListener("focusout", (event) => {
  const to = event.relatedTarget;
  if (findAround(event, "form.search") && !(to instanceof Element && to.closest("form.search"))) hideRecent();
});
document.addEventListener("keydown", (event) => {
  if (!findAround(event, "form.search")) return;
  if (event.key === "Escape" && document.getElementById("recent")?.hidden === false) {
    hideRecent();
    getField()?.focus();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  if (event.target === getField()) showRecent();
  /** @type {(HTMLElement | null)[]} */
  const all = [
    getField(),
    .../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#recent li button:first-child")),
  ];
  const row = /** @type {Element} */ (event.target).closest("li")?.querySelector("button");
  const at = all.indexOf(/** @type {HTMLElement} */ (row ?? event.target));
  all[(at + step + all.length) % all.length]?.focus();
});
