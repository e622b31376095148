// Shows the server's questions, such as a request for a reason, in a dialog.

import { findAround } from "./page.js";

/** @returns {HTMLDialogElement} */
function dialog() {
  return /** @type {HTMLDialogElement} */ (document.getElementById("asking"));
}

/**
 * Shows the question in a server's answer. Returns false if the answer contains no question.
 * @param {Document} fresh the server's answer
 */
export function showQuestion(fresh) {
  const question = fresh.querySelector("main:has(form.why)");
  if (!question) return false;
  dialog().replaceChildren(...question.childNodes);
  if (!dialog().open) dialog().showModal();
  dialog().querySelector("button")?.focus();
  return true;
}

/** Closes the dialog after the question was answered or dismissed. */
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
