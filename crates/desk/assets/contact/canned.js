// Canned replies. Typing `/` and part of a name in the reply field lists the canned replies with a matching name, folder or
// language. The left and right arrow keys choose one language. A macro opens the page that shows what it would do.

import { foldText } from "../http/keys.js";
import { getContactAddress } from "../http/page.js";

/**
 * @typedef {{ id: string, name: string, folder: string, isMacro: boolean, language: string, said: string, text: string }} Ready
 */

/** @type {Ready[]} All canned replies. Those in the person's language come first. */
let all = [];
/** Whether the person's language is known. If it is unknown, the counsellor chooses a language together with the reply. */
let known = true;
/** The address of the contact for which the canned replies were loaded. */
let loadedFor = "";
let chosen = 0;
/** The language to which the list is limited; empty for all languages. */
let wanted = "";

/** Returns whether Enter inserts the first reply of the list. Without a language, the counsellor first chooses a reply. */
function isLanguageChosen() {
  return known || wanted !== "";
}

function getReplyField() {
  return /** @type {HTMLTextAreaElement | null} */ (document.getElementById("reply"));
}

function getReadyList() {
  return /** @type {HTMLElement} */ (document.getElementById("ready"));
}

/** Returns the text between the cursor and the slash before it. The slash must begin a word. Returns null if there is no slash. */
function getTypedName() {
  const field = getReplyField();
  if (!field) return null;
  const before = field.value.slice(0, field.selectionStart);
  return before.match(/(^|\s)\/([^\n/]{0,40})$/)?.[2] ?? null;
}

async function loadCanned() {
  const at = getContactAddress(document);
  // An empty list is loaded again, because a colleague may have written a canned reply in the meantime.
  if (loadedFor === at && all.length > 0) return;
  const answer = await fetch(`${at.replace("/desk/", "/api/v1/")}/canned`);
  if (!answer.ok) return;
  const { canned, language } = await answer.json();
  const each = canned.flatMap((/** @type {any} */ one) =>
    one.texts.map((/** @type {any} */ text) => ({
      id: one.id,
      name: one.name,
      folder: one.folder,
      isMacro: one.is_macro,
      ...text,
    })),
  );
  known = language !== null;
  all = [
    ...each.filter((/** @type {Ready} */ one) => one.language === language),
    ...each.filter((/** @type {Ready} */ one) => one.language !== language),
  ];
  loadedFor = at;
  wanted = "";
}

function findMatching() {
  const words = foldText(getTypedName() ?? "").split(" ");
  const matches = (/** @type {Ready} */ one) =>
    words.every((word) => foldText(`${one.folder} ${one.name} ${one.said}`).includes(word));
  return all.filter((one) => (wanted === "" || one.language === wanted) && matches(one));
}

/** Returns the languages in which there are canned replies, each with its name. */
function getLanguages() {
  return [...new Map(all.map((one) => [one.language, one.said]))];
}

/** @param {number} step 1 for the next language, -1 for the one before */
function chooseLanguage(step) {
  const choices = ["", ...getLanguages().map(([language]) => language)];
  wanted = choices[(choices.indexOf(wanted) + step + choices.length) % choices.length] ?? "";
  chosen = 0;
  showReady();
}

/** @param {boolean} isShown */
function showLanguages(isShown) {
  const row = document.getElementById("ready-languages");
  if (!row) return;
  const languages = getLanguages();
  row.hidden = !isShown || languages.length < 2;
  const buttons = [["", row.dataset.all ?? ""], ...languages].map(([language, name]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = name;
    button.setAttribute("aria-pressed", String(language === wanted));
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => {
      wanted = language;
      showReady();
      getReplyField()?.focus();
    });
    return button;
  });
  row.replaceChildren(...buttons);
}

/**
 * Shows a remark above the list if no canned reply exists, if none matches, or if a language has to be chosen.
 * @param {number} found the number of matching canned replies
 */
function showRemark(found) {
  const [said, name] = [document.getElementById("ready-said"), getTypedName()];
  if (!said) return;
  const { none = "", unmatched = "", which = "" } = said.dataset;
  if (name === null) said.textContent = "";
  else if (all.length === 0) said.textContent = none;
  else if (found === 0) said.textContent = name.includes(" ") ? "" : unmatched;
  else said.textContent = isLanguageChosen() ? "" : which;
  said.hidden = said.textContent === "";
}

function showReady() {
  const found = getTypedName() === null ? [] : findMatching();
  chosen = Math.min(Math.max(chosen, isLanguageChosen() ? 0 : -1), Math.max(found.length - 1, 0));
  const rows = found.map((one, place) => {
    const row = document.createElement("li");
    const [name, language] = [document.createElement("b"), document.createElement("small")];
    name.textContent = one.folder ? `${one.folder} / ${one.name}` : one.name;
    language.textContent = one.said;
    row.append(name, " ", language, ` ${one.text.slice(0, 90)}`);
    if (one.isMacro) {
      const mark = document.createElement("span");
      mark.className = "mark";
      mark.textContent = getReadyList().dataset.macro ?? "";
      row.append(" ", mark);
    }
    row.id = `ready-${place}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(place === chosen));
    row.addEventListener("mousedown", (event) => {
      event.preventDefault();
      insertReady(place);
    });
    return row;
  });
  showRemark(rows.length);
  showLanguages(rows.length > 0);
  getReadyList().replaceChildren(...rows);
  getReadyList().hidden = rows.length === 0;
  getReadyList().scrollIntoView({ block: "nearest" });
  rows[chosen]?.scrollIntoView({ block: "nearest" });
  if (rows[chosen]) getReplyField()?.setAttribute("aria-activedescendant", `ready-${chosen}`);
  else getReplyField()?.removeAttribute("aria-activedescendant");
}

/** @param {number} place */
function insertReady(place) {
  const [field, one, after] = [getReplyField(), findMatching()[place], getTypedName()];
  if (!field || !one || after === null) return;
  const end = field.selectionStart;
  if (one.isMacro) {
    openMacro(field, one.id, after);
    return;
  }
  // The input event makes the inserted text part of the saved draft, as if it had been typed.
  field.setRangeText(one.text, end - after.length - 1, end, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

/**
 * Removes the typed name, so that it does not remain in the draft, and opens the page of the macro.
 * @param {HTMLTextAreaElement} field
 * @param {string} id
 * @param {string} typed
 */
function openMacro(field, id, typed) {
  const end = field.selectionStart;
  field.setRangeText("", end - typed.length - 1, end, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  const view = field.form?.elements.namedItem("view");
  const query = view instanceof HTMLInputElement ? `?view=${encodeURIComponent(view.value)}` : "";
  location.assign(`${getContactAddress(document)}/macros/${id}${query}`);
}

document.addEventListener("input", async (event) => {
  if (event.target !== getReplyField()) return;
  if (getTypedName() !== null) await loadCanned();
  chosen = isLanguageChosen() ? 0 : -1;
  showReady();
});

document.addEventListener(
  "keydown",
  (event) => {
    if (event.target !== getReplyField() || getReadyList().hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      chosen += step;
      showReady();
    } else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      chooseLanguage(event.key === "ArrowRight" ? 1 : -1);
    } else if (event.key === "Enter" || (event.key === "Tab" && chosen >= 0)) {
      // While the list is open, the text after the slash is a name and not a reply, so Ctrl+Enter does not send the form.
      if (chosen >= 0 && !event.ctrlKey && !event.metaKey) insertReady(chosen);
    } else if (event.key === "Escape") {
      getReadyList().hidden = true;
      showLanguages(false);
      const said = document.getElementById("ready-said");
      if (said) said.hidden = true;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);
