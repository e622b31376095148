// Asks in a window what the service asks before it does something.

import { findAround } from "./page.js";

/** @returns {HTMLDialogElement} */
function dialog() {
  return /** @type {HTMLDialogElement} */ (document.getElementById("asking"));
}

/**
 * Shows the question in an answer, if it is one.
 * @param {Document} fresh
 */
export function showQuestion(fresh) {
  const question = fresh.querySelector("main:has(form.why)");
  if (!question) return false;
  dialog().replaceChildren(...question.childNodes);
  if (!dialog().open) dialog().showModal();
  dialog().querySelector("button")?.focus();
  return true;
}

/** The question is answered, or left. */
export function closeQuestion() {
  if (!dialog()?.open) return;
  dialog().close();
  dialog().replaceChildren();
}

document.addEventListener("click", (event) => {
  if (!findAround(event, "#asking [data-dismiss]")) return;
  event.preventDefault();
  closeQuestion();
});
