// Keyboard control of the desk: single keys, and a palette that finds every command by its name.

import { findAround } from "./page.js";
import { unfoldWrapUp } from "../contact/wrap_up.js";

/** @type {Record<string, () => Element | null | undefined>} The element that each single key clicks or focuses. */
const TARGETS = {
  c: () => document.querySelector("form[action$='/claim'] button"),
  x: () => document.querySelector("form[action$='/contacts/next'] button"),
  u: () => document.querySelector("form.undo button"),
  h: () => document.querySelector("#handing summary"),
  z: () => document.querySelector("#snoozing summary"),
  e: () => document.querySelector(".actions form[action$='/close'] button, .actions a[data-lacking]"),
  l: () => document.querySelector("header nav a[href='/desk/log']"),
  j: () => findRow(1),
  k: () => findRow(-1),
  r: () => openForm("reply"),
  n: () => openForm("note"),
  w: () => {
    unfoldWrapUp();
    return document.querySelector("#wrapup select, #wrapup input:not([type=hidden])");
  },
  "/": () => document.getElementById("q"),
  f: () => document.querySelector("[data-next-hit]"),
  "!": () => findLock(),
};

/** Returns the button that locks the file in which the focus is or, without focus in a file, the newest file. */
function findLock() {
  const focused = document.activeElement?.closest(".attachments li")?.querySelector("form.lock button");
  return focused ?? [...document.querySelectorAll("form.lock button")].at(-1);
}

/** @param {number} step */
function findRow(step) {
  const all = [
    .../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#list ol a[href^='/desk/contacts/']")),
  ].filter((link) => link.checkVisibility()); // Rows of a closed group are hidden.
  const focused = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const open = all.findIndex((link) => link.matches("[aria-current]"));
  const at = focused < 0 ? open : focused;
  return all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step];
}

/**
 * Shows the form for a reply or for a note, and returns its field.
 * @param {"reply" | "note"} kind
 */
function openForm(kind) {
  const tab = /** @type {HTMLInputElement | null} */ (document.getElementById(`writes-${kind}`));
  if (tab) tab.checked = true;
  return document.getElementById(kind);
}

/** @param {string} id */
function getDialog(id) {
  return /** @type {HTMLDialogElement} */ (document.getElementById(id));
}

/**
 * Returns the key of the Latin layout. On a Cyrillic layout, the position of the key determines the letter.
 * @param {KeyboardEvent} event
 */
export function toLatinKey(event) {
  return /^[\u0400-\u04ff]$/.test(event.key) && event.code.startsWith("Key")
    ? event.code.slice(3).toLowerCase()
    : event.key;
}

/** @param {string} key */
function findTarget(key) {
  return TARGETS[key]?.();
}

/** @param {KeyboardEvent} event */
function pressSingleKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || getDialog("keys").dataset.quiet !== undefined) return;
  const at = /** @type {Element} */ (event.target);
  if (at.closest("input, textarea, select, dialog, [contenteditable]")) return;
  if (event.key === "?") {
    event.preventDefault();
    getDialog("keys").showModal();
    return;
  }
  const found = findTarget(toLatinKey(event));
  if (!(found instanceof HTMLElement)) return;
  event.preventDefault();
  activate(found);
}

/** @param {HTMLElement} found */
function activate(found) {
  found.scrollIntoView({ block: "nearest" });
  if (found.matches("input, textarea, select, #list a")) found.focus();
  else {
    found.click();
    const field = /** @type {HTMLElement | null} */ (found.closest("details[open]")?.querySelector("select, button"));
    field?.focus();
  }
}

document.addEventListener("keydown", (event) => {
  if (toLatinKey(event).toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    openPalette();
    return;
  }
  // Escape leaves a field, so that single keys work again.
  if (
    event.key === "Escape" &&
    event.target instanceof HTMLElement &&
    event.target.matches("textarea, select, input") &&
    !event.target.closest("dialog")
  )
    event.target.blur();
  pressSingleKey(event);
});

/** Maps Cyrillic to unaccented Latin letters, so that a search in either script finds both. @type {Record<string, string>} */
const CYRILLIC = Object.fromEntries(
  [
    "а a б b в v г g д d ђ dj е e ж z з z и i ј j к k л l љ lj",
    "м m н n њ nj о o п p р r с s т t ћ c у u ф f х h ц c ч c џ dz ш s",
  ]
    .join(" ")
    .split(" ")
    .flatMap((letter, place, all) => (place % 2 ? [] : [[letter, all[place + 1]]])),
);

/** @type {{ said: string, folded: string, act: () => void }[]} */
let commands = [];
let chosen = 0;

/** @param {string} text */
export function foldText(text) {
  const latin = text.toLowerCase().replace(/[\u0400-\u04ff]/g, (letter) => CYRILLIC[letter] ?? letter);
  return latin
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/đ/g, "dj")
    .toLowerCase()
    .replace(/\s+/g, " ")
    .trim();
}

/** Collects the commands of this page. The text of a link, of a button or of an entry in the list of keys names each command. */
function collectCommands() {
  const found = document.querySelectorAll(
    [
      "header nav a",
      "main nav a",
      ".views a",
      ".actions button",
      ".actions a",
      ".actions summary",
      "[data-next-hit]",
      "#person button",
      "#person summary",
      "#record button",
      "#record summary",
      "#wrapup summary",
      "#case button",
      "#preferences form + form button",
      "button.duty",
    ].join(),
  );
  /** @param {Element} one */
  const can = (one) => !(one instanceof HTMLButtonElement) || (!one.disabled && (one.form?.checkValidity() ?? true));
  const buttons = [...found].filter(can).map((one) => {
    const within =
      one.closest(".actions details:not([open])") && !one.matches("summary")
        ? one.closest("details")?.querySelector("summary")?.textContent
        : "";
    const inside = within && within.trim() !== one.textContent?.trim() ? within : "";
    const said =
      /** @type {HTMLElement} */ (one).dataset.command ??
      `${inside ? `${inside.trim()}: ` : ""}${one.textContent?.replace(/\s+/g, " ").trim()}`;
    return { said, folded: foldText(said), act: () => /** @type {HTMLElement} */ (one).click() };
  });
  // The dialog that lists the keys provides the names of commands that have a key but no button.
  const keys = [...document.querySelectorAll("#keys dt")].flatMap((key) => {
    const said = key.nextElementSibling?.textContent ?? "";
    const pressed = key.textContent ?? "";
    if (pressed === "?") return [{ said, folded: foldText(said), act: () => getDialog("keys").showModal() }];
    const leads =
      ["r", "n", "w"].includes(pressed) &&
      document.querySelector({ r: "#reply", n: "#note", w: "#wrapup form" }[pressed]);
    const act = () => {
      const found = findTarget(pressed);
      if (found instanceof HTMLElement) activate(found);
    };
    return leads ? [{ said, folded: foldText(said), act }] : [];
  });
  return [...buttons, ...keys];
}

function openPalette() {
  const palette = getDialog("palette");
  if (palette.open) return palette.close();
  commands = collectCommands();
  const input = /** @type {HTMLInputElement} */ (palette.querySelector("input"));
  input.value = "";
  palette.showModal();
  showMatching();
  input.focus();
}

function findMatching() {
  const input = /** @type {HTMLInputElement} */ (getDialog("palette").querySelector("input"));
  const typed = foldText(input.value);
  const found = commands.filter((one) => typed.split(" ").every((word) => one.folded.includes(word)));
  const search = /** @type {HTMLFormElement | null} */ (document.querySelector("form[role=search]"));
  if (typed && search) {
    const [before, after] = getDialog("palette").dataset.quotes ?? "";
    const said = `${getDialog("palette").dataset.search} ${before}${input.value.trim()}${after}`;
    const act = () => {
      const field = /** @type {HTMLInputElement} */ (search.elements.namedItem("q"));
      field.value = input.value.trim();
      search.requestSubmit();
    };
    found.push({ said, folded: "", act });
  }
  return found;
}

function showMatching() {
  const found = findMatching();
  chosen = Math.min(Math.max(chosen, 0), Math.max(found.length - 1, 0));
  const rows = found.map((one, place) => {
    const row = document.createElement("li");
    row.textContent = one.said;
    row.id = `command-${place}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(place === chosen));
    row.addEventListener("click", () => runCommand(place));
    return row;
  });
  document.getElementById("commands")?.replaceChildren(...rows);
  const nothing = document.getElementById("no-command");
  if (nothing) nothing.hidden = rows.length > 0;
  rows[chosen]?.scrollIntoView({ block: "nearest" });
  getDialog("palette")
    .querySelector("input")
    ?.setAttribute("aria-activedescendant", rows.length ? `command-${chosen}` : "");
}

/** @param {number} place */
function runCommand(place) {
  const command = findMatching()[place];
  getDialog("palette").close();
  command?.act();
}

document.addEventListener("input", (event) => {
  if (!findAround(event, "#palette")) return;
  chosen = 0;
  showMatching();
});
document.addEventListener("keydown", (event) => {
  if (!findAround(event, "#palette")) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) chosen += step;
  else if (event.key === "Enter") runCommand(chosen);
  else return;
  event.preventDefault();
  if (step) showMatching();
});
document.addEventListener("click", (event) => {
  if (findAround(event, "[data-palette]")) openPalette();
  // A click outside a dialog closes the dialog. The target of that click is the dialog element.
  if (event.target instanceof HTMLDialogElement) event.target.close();
});
