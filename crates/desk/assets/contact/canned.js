// Canned replies. Typing `/` and part of a name in the reply field lists the canned replies with a matching name or language.

import { foldText } from "../http/keys.js";
import { getContactAddress } from "../http/page.js";

/** @typedef {{ name: string, language: string, said: string, text: string }} Ready */

/** @type {Ready[]} All canned replies. Those in the person's language come first. */
let all = [];
/** Whether the person's language is known. If it is unknown, the counsellor chooses a language together with the reply. */
let known = true;
/** The address of the contact for which the canned replies were loaded. */
let loadedFor = "";
let chosen = 0;

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
    one.texts.map((/** @type {any} */ text) => ({ name: one.name, ...text })),
  );
  known = language !== null;
  all = [
    ...each.filter((/** @type {Ready} */ one) => one.language === language),
    ...each.filter((/** @type {Ready} */ one) => one.language !== language),
  ];
  loadedFor = at;
}

function findMatching() {
  const words = foldText(getTypedName() ?? "").split(" ");
  return all.filter((one) => words.every((word) => foldText(`${one.name} ${one.said}`).includes(word)));
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
  else said.textContent = known ? "" : which;
  said.hidden = said.textContent === "";
}

function showReady() {
  const found = getTypedName() === null ? [] : findMatching();
  chosen = Math.min(Math.max(chosen, known ? 0 : -1), Math.max(found.length - 1, 0));
  const rows = found.map((one, place) => {
    const row = document.createElement("li");
    const [name, language] = [document.createElement("b"), document.createElement("small")];
    name.textContent = one.name;
    language.textContent = one.said;
    row.append(name, " ", language, ` ${one.text.slice(0, 90)}`);
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
  getReadyList().replaceChildren(...rows);
  getReadyList().hidden = rows.length === 0;
  rows[chosen]?.scrollIntoView({ block: "nearest" });
  if (rows[chosen]) getReplyField()?.setAttribute("aria-activedescendant", `ready-${chosen}`);
  else getReplyField()?.removeAttribute("aria-activedescendant");
}

/** @param {number} place */
function insertReady(place) {
  const [field, one, after] = [getReplyField(), findMatching()[place], getTypedName()];
  if (!field || !one || after === null) return;
  const end = field.selectionStart;
  // The input event makes the inserted text part of the saved draft, as if it had been typed.
  field.setRangeText(one.text, end - after.length - 1, end, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

document.addEventListener("input", async (event) => {
  if (event.target !== getReplyField()) return;
  if (getTypedName() !== null) await loadCanned();
  chosen = known ? 0 : -1;
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
    } else if (event.key === "Enter" || (event.key === "Tab" && chosen >= 0)) {
      // While the list is open, the text after the slash is a name and not a reply, so Ctrl+Enter does not send the form.
      if (chosen >= 0 && !event.ctrlKey && !event.metaKey) insertReady(chosen);
    } else if (event.key === "Escape") {
      getReadyList().hidden = true;
      const said = document.getElementById("ready-said");
      if (said) said.hidden = true;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);
