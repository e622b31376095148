// Canned replies: `/` at the beginning of a word of a reply lists those whose name goes on like it.

import { fold } from "./keys.js";

/** @type {{ name: string, text: string }[]} */
let all = [];
let of = "";
let chosen = 0;

function area() {
  return /** @type {HTMLTextAreaElement | null} */ (document.getElementById("reply"));
}

function list() {
  return /** @type {HTMLElement} */ (document.getElementById("ready"));
}

/** What is typed after the slash, up to where one types. */
function typed() {
  const field = area();
  if (!field) return null;
  const before = field.value.slice(0, field.selectionStart);
  return before.match(/(^|\s)\/([^\n/]{0,40})$/)?.[2] ?? null;
}

async function read() {
  const at = /** @type {HTMLElement | null} */ (document.querySelector("[data-at]"))?.dataset.at ?? "";
  if (of === at) return;
  const answer = await fetch(`${at.replace("/desk/", "/api/v1/")}/canned`);
  if (!answer.ok) return;
  all = (await answer.json()).canned;
  of = at;
}

function matching() {
  const words = fold(typed() ?? "").split(" ");
  return all.filter((one) => words.every((word) => fold(one.name).includes(word)));
}

function show() {
  const found = typed() === null ? [] : matching();
  chosen = Math.min(Math.max(chosen, 0), Math.max(found.length - 1, 0));
  const rows = found.map((one, place) => {
    const row = document.createElement("li");
    const name = document.createElement("b");
    name.textContent = one.name;
    row.append(name, ` ${one.text.slice(0, 90)}`);
    row.id = `ready-${place}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(place === chosen));
    row.addEventListener("mousedown", (event) => {
      event.preventDefault();
      insert(place);
    });
    return row;
  });
  list().replaceChildren(...rows);
  list().hidden = rows.length === 0;
  rows[chosen]?.scrollIntoView({ block: "nearest" });
  if (rows.length) area()?.setAttribute("aria-activedescendant", `ready-${chosen}`);
  else area()?.removeAttribute("aria-activedescendant");
}

/** @param {number} place */
function insert(place) {
  const [field, one, after] = [area(), matching()[place], typed()];
  if (!field || !one || after === null) return;
  const end = field.selectionStart;
  // As if it were typed, so that it can be undone by Ctrl+Z and is kept as a draft.
  field.setRangeText(one.text, end - after.length - 1, end, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

document.addEventListener("input", async (event) => {
  if (event.target !== area()) return;
  if (typed() !== null) await read();
  chosen = 0;
  show();
});

document.addEventListener("keydown", (event) => {
  if (event.target !== area() || list().hidden) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    chosen += step;
    show();
  } else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") insert(chosen);
  else if (event.key === "Escape") list().hidden = true;
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
