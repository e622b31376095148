// The wrap-up. Each answer is saved as soon as it is given. A non-counselling contact can be closed with one key.

import { toLatinKey } from "../http/keys.js";
import { buildBody, findAround, findParts, getRefusal, parsePage } from "../http/page.js";
import { updateChildren } from "../http/morph.js";
import { showQuestion } from "../http/dialog.js";
import { hideRefusal, showRefusal } from "../http/refusal.js";

/** The delay between the last answer and saving all answers, in milliseconds. */
const SOON = 250;

/**
 * Updates the wrap-up from the server's answer. The field in focus keeps its focus and its content.
 * @param {Document} fresh the server's answer
 */
export function updateWrapUp(fresh) {
  const [old, now] = findParts("wrapup", fresh);
  if (old && now) updateChildren(old, now);
}

/**
 * Updates the wrap-up if it changed between editable and read-only. That happens when the contact gets another assignee.
 * @param {Document} fresh the server's answer
 */
export function updateWrapUpRights(fresh) {
  const [old, now] = findParts("wrapup", fresh);
  if (!old || !now || (old.querySelector("form") && now.querySelector("form"))) return;
  const within = old.contains(document.activeElement);
  updateChildren(old, now);
  if (within && !old.contains(document.activeElement))
    document.getElementById("contact")?.focus({ preventScroll: true });
}

/** @type {Map<string, URLSearchParams>} Wrap-up addresses, each with the answers from before a closing with a single key. */
const answered = new Map();

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target instanceof HTMLFormElement && event.target.matches(".wrapping") ? event.target : null;
    if (!(form && event.submitter instanceof HTMLButtonElement && event.submitter.name === "quick")) return;
    answered.set(form.action, buildBody(new FormData(form)));
  },
  true,
);

/**
 * If a contact was closed with a single key and the closing was taken back, restores the answers from before the closing.
 * @param {string} action the address of the form that was sent
 */
export async function restoreAnswers(action) {
  const at = action.replace(/\/reopen$/, "/wrap-up");
  const before = at !== action && answered.get(at);
  if (!before) return;
  answered.delete(at);
  const answer = await fetch(at, { method: "POST", body: before });
  if (!answer.ok) return;
  const wrapping = document.getElementById("wrapup");
  const now = parsePage(await answer.text());
  if (wrapping?.querySelector("form")?.action === at) updateWrapUp(now);
}

/**
 * Shows only the questions that must still be answered. The others follow when the counsellor writes, or asks for them.
 */
export function collapseWrapUp() {
  const form = document.querySelector("#wrapup form.wrapping");
  const more = /** @type {HTMLElement | null} */ (document.querySelector("#wrapup [data-unfold]"));
  if (!form || !more) return;
  const hidden = [...form.querySelectorAll(".question:not([hidden]):not(.missing)")];
  document.getElementById("wrapup")?.classList.toggle("folded", hidden.length > 0);
  more.hidden = hidden.length === 0;
}

export function unfoldWrapUp() {
  document.getElementById("wrapup")?.classList.remove("folded");
  const more = /** @type {HTMLElement | null} */ (document.querySelector("#wrapup [data-unfold]"));
  if (more) more.hidden = true;
}

document.addEventListener("click", (event) => {
  if (!findAround(event, "[data-unfold]")) return;
  unfoldWrapUp();
  /** @type {HTMLElement | null} */ (
    document.querySelector("#wrapup .question:not([hidden]) :is(select, input)")
  )?.focus();
});
document.addEventListener("input", (event) => {
  if (findAround(event, "#reply, #note")) unfoldWrapUp();
});

/**
 * Focuses the first question whose answer is missing. If no answer is missing, focuses the button that closes the contact.
 * @param {HTMLFormElement} form
 */
export function focusMissingAnswer(form) {
  unfoldWrapUp();
  const missing = form.querySelector(".missing:not([hidden]) select, .missing:not([hidden]) input");
  // Suggested answers are not missing; the closing button saves them.
  const first = /** @type {HTMLElement | null} */ (missing ?? form.querySelector("button[name=close]"));
  first?.scrollIntoView({ block: "center" });
  first?.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  if (!findAround(event, "[data-lacking]")) return;
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form.wrapping"));
  if (!form) return;
  event.preventDefault();
  showRefusal(form.querySelector(".lacking")?.textContent?.trim() ?? "");
  focusMissingAnswer(form);
});

/**
 * Shows the questions for the chosen kind of contact. Shows the field for a further answer once the field before it is filled.
 * @param {Element} form
 */
function showQuestions(form) {
  const kind = /** @type {HTMLSelectElement | null} */ (form.querySelector("#q-kind"))?.value ?? "";
  for (const question of form.querySelectorAll("[data-kinds]")) {
    const asked = kind
      ? question.getAttribute("data-kinds")?.split(" ").includes(kind)
      : !question.hasAttribute("data-needs-kind");
    /** @type {HTMLElement} */ (question).hidden = !asked;
  }
  // A form that is not saved while it is filled in gets no new marks from the server.
  if (form.matches("[data-asks]")) {
    for (const field of form.querySelectorAll(".question [aria-required]"))
      field.closest(".question")?.classList.toggle("missing", !(/** @type {HTMLSelectElement} */ (field).value));
  }
  for (const one of form.querySelectorAll("[data-further]")) {
    const further = /** @type {HTMLSelectElement} */ (one);
    const before = /** @type {HTMLSelectElement | null} */ (further.previousElementSibling);
    further.hidden = !before?.value && !further.value;
  }
}

let soon = 0;
document.addEventListener("change", (event) => {
  const form = /** @type {HTMLFormElement | null} */ (findAround(event, "form[data-keep], form[data-asks]"));
  if (form) {
    showQuestions(form);
    unfoldWrapUp();
  }
  if (!form?.matches("[data-keep]")) return;
  clearTimeout(soon);
  soon = setTimeout(() => saveAnswers(form), SOON);
});

/** @param {HTMLFormElement} form */
async function saveAnswers(form) {
  if (!form.checkValidity()) return;
  const body = buildBody(new FormData(form));
  try {
    const answer = await fetch(form.action, { method: "POST", body, keepalive: true });
    const fresh = parsePage(await answer.text());
    if (answer.ok) {
      updateWrapUp(fresh);
      // Removes the refusal that listed missing answers, once every answer is given.
      if (!form.querySelector(".missing:not([hidden])")) hideRefusal();
    } else if (!showQuestion(fresh)) {
      showRefusal(getRefusal(fresh, answer));
      // A colleague may have taken the contact over. The wrap-up is then read-only.
      const shown = await fetch(location.href, { headers: { accept: "text/html" } });
      if (shown.ok) updateWrapUpRights(parsePage(await shown.text()));
    }
  } catch {
    // The page already shows that it is out of date. The next save also contains this answer.
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const list = /** @type {HTMLDetailsElement | null} */ (findAround(event, "details.quick[open]"));
  if (list && event.key === "Escape") {
    list.open = false;
    list.querySelector("summary")?.focus();
    return;
  }
  const button = list?.querySelector(`[data-key="${CSS.escape(toLatinKey(event))}"]`);
  if (!(button instanceof HTMLButtonElement)) return;
  event.preventDefault();
  button.click();
});
