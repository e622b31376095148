// The wrap-up: each answer is kept as it is given; what is no counselling is closed with one key.

import { children } from "./morph.js";

/** How long after the last answer they are kept, in milliseconds. */
const SOON = 250;

/**
 * Shows the wrap-up as the server has it; whoever stands in it stays there, with what they are typing.
 * @param {Document} fresh
 */
export function wrapped(fresh) {
  const [old, now] = [document.getElementById("wrapup"), fresh.getElementById("wrapup")];
  if (old && now) children(old, now);
}

let soon = 0;
document.addEventListener("change", (event) => {
  const form = event.target instanceof Element ? /** @type {HTMLFormElement | null} */ (event.target.closest("form[data-keep]")) : null;
  if (!form) return;
  clearTimeout(soon);
  soon = setTimeout(() => keep(form), SOON);
});

/** @param {HTMLFormElement} form */
async function keep(form) {
  if (!form.checkValidity()) return;
  const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
  try {
    const answer = await fetch(form.action, { method: "POST", body, keepalive: true });
    if (answer.ok) wrapped(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The page says that it is out of date; the next answer is kept with this one.
  }
}

document.addEventListener("keydown", (event) => {
  if (!(event.target instanceof Element) || event.ctrlKey || event.metaKey || event.altKey) return;
  const list = event.target.closest("details.quick[open]");
  const button = list?.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!(button instanceof HTMLButtonElement)) return;
  event.preventDefault();
  button.click();
});
