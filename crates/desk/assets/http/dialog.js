// Asks in a window what the service asks before it does something.

/** @returns {HTMLDialogElement} */
function dialog() {
  return /** @type {HTMLDialogElement} */ (document.getElementById("asking"));
}

/**
 * Shows the question in an answer, if it is one.
 * @param {Document} fresh
 */
export function ask(fresh) {
  const question = fresh.querySelector("main:has(form.why)");
  if (!question) return false;
  dialog().replaceChildren(...question.childNodes);
  if (!dialog().open) dialog().showModal();
  dialog().querySelector("button")?.focus();
  return true;
}

/** The question is answered, or left. */
export function asked() {
  if (!dialog()?.open) return;
  dialog().close();
  dialog().replaceChildren();
}

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || !event.target.closest("#asking [data-dismiss]")) return;
  event.preventDefault();
  asked();
});
