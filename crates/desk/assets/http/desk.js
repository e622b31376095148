// The script of the desk: updates the page while it is open, and sends forms and follows links without reloading the page. Every form and
// link also works without this script.

// These come first: they may handle a press before it is taken for a link or a form.
import "../account/passkeys.js";
import "../account/push.js";
import "./keys.js";
import "../contact/canned.js";
import "../inbox/search.js";
import "../routing/away.js";
import "../statistics/index.js";
import { findAround } from "./page.js";
import { focusFirstField, preparePage } from "./navigation.js";
import { followChanges } from "./refresh.js";
import { watchSession } from "./session.js";
import "./submit.js";

// The answer to a bulk action without live update is the inbox. Its address must not repeat the action when the page is loaded again.
const repeatable = document.querySelector("#several input[name=view]");
if (location.pathname === "/desk/several" && repeatable instanceof HTMLInputElement)
  history.replaceState(null, "", `/desk/inbox?view=${encodeURIComponent(repeatable.value)}`);

focusFirstField();
if (document.querySelector("header.top")) {
  followChanges();
  watchSession();
  preparePage();
}

// Selects the contacts of a group: the row above the group, and the rows in it.
document.addEventListener("click", (event) => {
  const button = /** @type {Element} */ (event.target).closest("[data-pick-group]");
  const group = button?.closest("li.group");
  if (!group) return;
  event.preventDefault();
  const boxes = [group.previousElementSibling, group].flatMap((part) => [
    .../** @type {NodeListOf<HTMLInputElement>} */ (part?.querySelectorAll("input[name=pick]") ?? []),
  ]);
  for (const box of boxes) box.checked = true;
});

// Only one menu is open at a time. Escape or a click outside closes it.
/** @param {Element | null} [but] */
function closeMenus(but) {
  for (const menu of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("details.menu[open]")))
    if (menu !== but) menu.open = false;
}
document.addEventListener("click", (event) => closeMenus(findAround(event, "details.menu")));
// A menu that would reach beyond its part of the page opens to the left.
document.addEventListener(
  "toggle",
  (event) => {
    const menu = /** @type {HTMLDetailsElement} */ (event.target);
    if (!menu.matches?.("details.menu[open]")) return;
    menu.classList.remove("leftwards");
    const panel = menu.querySelector(":scope > form, :scope > div");
    const room = menu.closest(".contact, main");
    if (panel && room && panel.getBoundingClientRect().right > room.getBoundingClientRect().right)
      menu.classList.add("leftwards");
  },
  true,
);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const summary = /** @type {HTMLElement | null} */ (document.querySelector("details.menu[open] summary"));
  closeMenus();
  summary?.focus();
});
