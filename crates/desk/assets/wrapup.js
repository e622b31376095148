// The wrap-up: each answer is kept as it is given; what is no counselling is closed with one key.

/** How long after the last answer they are kept, in milliseconds. */
const SOON = 250;

/** @param {Element} part */
function fields(part) {
  return [...part.querySelectorAll("select, input, button")].map((one) => one.id || /** @type {HTMLButtonElement} */ (one).value).join(" ");
}

/**
 * Shows the wrap-up as the server has it. While the questions are the same, nobody's hand is disturbed; when they are others, who
 * stands in it stays there, with what they are typing.
 * @param {Document} fresh
 */
export function wrapped(fresh) {
  const [old, now] = [document.getElementById("wrapup"), fresh.getElementById("wrapup")];
  if (!old || !now) return;
  if (fields(old) === fields(now)) {
    const questions = [...now.querySelectorAll(".question")];
    for (const [place, one] of [...old.querySelectorAll(".question")].entries()) one.className = questions[place].className;
    const [hint, other] = [old.querySelector(".lacking"), now.querySelector(".lacking")];
    if (hint && other) hint.textContent = other.textContent;
    return;
  }
  const at = old.contains(document.activeElement) ? /** @type {HTMLInputElement} */ (document.activeElement) : null;
  const unfolded = old.querySelector("details[open]") !== null;
  old.replaceChildren(...now.childNodes);
  if (unfolded) old.querySelector("details")?.setAttribute("open", "");
  const same = at?.id ? /** @type {HTMLInputElement | null} */ (document.getElementById(at.id)) : null;
  if (!at || !same) return;
  if (at.matches("input")) same.value = at.value;
  same.focus();
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
