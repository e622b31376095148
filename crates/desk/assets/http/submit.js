// Sends forms without reloading the page, and shows what the server answers.

import { buildBody, findAround, getRefusal, parsePage } from "./page.js";
import { getTurn, openPage, replacePage, setAddress } from "./navigation.js";
import { markStale, replaceReplyForm, revealNewMessage, showFlash } from "./parts.js";
import { outdateRefresh, refresh, showParts } from "./refresh.js";
import { beginNextMessage, hasUnsavedDrafts, makeId, restoreReply, saveDrafts } from "../contact/drafts.js";
import { focusMissingAnswer, restoreAnswers, updateWrapUp } from "../contact/wrap_up.js";
import { closeQuestion, showQuestion } from "./dialog.js";
import { hideRefusal, showRefusal } from "./refusal.js";
import { noteAction } from "./session.js";

/** The forms whose request is still running. */
const underWay = new WeakSet();

/**
 * Submits a form with the name and value of the button that was pressed.
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} button
 */
function submitAs(form, button) {
  if (button instanceof HTMLButtonElement && button.name) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = button.name;
    field.value = button.value;
    form.append(field);
  }
  form.submit();
}

/**
 * Shows whether the counsellor is on duty now. Any page of the desk in the answer shows it.
 * @param {HTMLFormElement} form
 * @param {Document} fresh the server's answer
 */
function showDuty(form, fresh) {
  const now = fresh.querySelector(".duty")?.closest("form")?.cloneNode(true);
  if (!(now instanceof HTMLFormElement)) return;
  form.replaceWith(now);
  now.querySelector("button")?.focus();
}

document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.dataset.confirm && !confirm(form.dataset.confirm)) return event.preventDefault();
  if (form.matches("[role=search]")) {
    event.preventDefault();
    await openPage(form.action, false, buildBody(new FormData(form)));
    document.getElementById("q")?.focus();
    return;
  }
  if (form.matches("[data-get]")) {
    event.preventDefault();
    const query = new URLSearchParams(
      [...new FormData(form)].filter(([, value]) => value !== "").map(([name, value]) => [name, String(value)]),
    );
    const to = new URL(form.action);
    to.search = String(query);
    await openPage(to.href, false);
    return;
  }
  if (!form.matches("[data-live]") || event.submitter?.matches("[data-opens-page]")) {
    if (form.method !== "post" || !hasUnsavedDrafts()) return;
    // This form reloads the page, so the drafts are saved first.
    event.preventDefault();
    await saveDrafts();
    submitAs(form, event.submitter);
    return;
  }
  event.preventDefault();
  // Pressing Enter can send a form although its buttons are disabled.
  if (underWay.has(form) || (form.matches(".reply") && document.getElementById("taken"))) return;
  underWay.add(form);
  const turn = getTurn();
  const action = form.action;
  const filled = String(buildBody(new FormData(form)));
  const buttons = [...form.querySelectorAll("button")];
  const typed = new FormData(form, event.submitter);
  const isDuty = !!form.querySelector("button.duty");
  const mine = /\/(hand-over|give-back)$/.test(action);
  // The ids are collected before the request, because a refresh may show the new message before the answer arrives.
  const before = new Set([...document.querySelectorAll("#thread .message")].map((message) => message.id));
  for (const button of buttons) button.disabled = true;
  try {
    if (mine) await saveDrafts();
    const body = form.enctype === "multipart/form-data" ? typed : buildBody(typed);
    let answer = await fetch(form.action, { method: "POST", body });
    // The form does not send the search, the order, or the contact whose messages the page of a case shows. The answer is this page
    // without them, so the page is loaded with its whole address.
    const keepsSearch = answer.redirected && answer.ok && new URL(answer.url).pathname === location.pathname;
    const query = new URLSearchParams(location.search);
    // Only the first page says what the action did.
    let first = null;
    if (keepsSearch && ["s", "contact", "order"].some((name) => query.has(name)) && turn === getTurn()) {
      first = parsePage(await answer.text());
      answer = await fetch(location.href, { headers: { accept: "text/html" } });
    }
    const fresh = parsePage(await answer.text());
    if (answer.ok) {
      outdateRefresh();
      noteAction();
      hideRefusal();
      showFlash(first ?? fresh);
      const menu = /** @type {HTMLDetailsElement | null} */ (form.closest("details.menu"));
      if (menu) menu.open = false;
      if (isDuty) showDuty(form, first ?? fresh);
    }
    if (form.matches(".why")) closeQuestion();
    // The counsellor opened another page in the meantime, so that page stays.
    if (turn !== getTurn()) {
      if (!answer.ok) showRefusal(getRefusal(fresh, answer));
      return refresh();
    }
    if (!answer.ok && showQuestion(fresh)) return;
    // Some forms lead to another page, such as the page of a case or a contact with a prepared reply.
    if (form.matches("[data-follow]") && answer.ok) {
      if (new URL(answer.url).pathname !== location.pathname) {
        setAddress(answer.url, "pushState");
        return replacePage(fresh);
      }
      // The answer is the same page. Only the areas that are always updated change, so text in other forms stays.
      showParts(fresh);
      if (!form.matches("[data-eager]") && String(buildBody(new FormData(form))) === filled) form.reset();
      return;
    }
    // A form that fills a whole page is replaced by the page in the answer. After a mistake, that page contains the typed values.
    if (form.matches("[data-asks]") && (answer.ok || answer.status === 422)) {
      if (answer.ok) setAddress(answer.url, "replaceState");
      replacePage(fresh);
      return;
    }
    // The answer is the page of a contact, but this page is not. Only the server knows the new content of this page.
    if (answer.ok && fresh.body.classList.contains("three") !== document.body.classList.contains("three")) {
      await refresh();
      return;
    }
    if (answer.ok) {
      if (new URL(answer.url).pathname.startsWith("/desk/contacts/") && location.pathname.startsWith("/desk/contacts/"))
        setAddress(answer.url, "replaceState");
      beginNextMessage(form, fresh, typed);
      if (mine) replaceReplyForm(fresh);
      showParts(fresh);
      if (form.dataset.draft) revealNewMessage(before);
      if (form.id === "several") clearPicked(fresh);
      if (form.matches(".undo")) restoreReply(fresh);
      updateWrapUp(fresh);
      restoreAnswers(action);
      if (!isDuty) focusNext(form, action);
    } else {
      showRefusal(getRefusal(fresh, answer));
      // A colleague was faster, or a message arrived. The refresh shows the current state.
      if (answer.status === 409) {
        const id = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=id]"));
        if (id && form.dataset.draft) id.value = makeId();
        if (form.matches(".wrapping")) focusMissingAnswer(form);
        refresh();
      }
    }
  } catch (error) {
    // The form keeps its text and its id. The server recognises a second attempt by the id and stores the message once.
    markStale(true);
    console.error(error);
  } finally {
    underWay.delete(form);
    const over = !!document.getElementById("taken");
    for (const button of buttons) button.disabled = over && form.matches(".reply");
  }
});
// A form with `data-eager` is sent as soon as a field changes. Otherwise, sending another form would update the page and
// discard the change.
document.addEventListener("change", (event) => {
  const form = /** @type {HTMLFormElement | null} */ (findAround(event, "form[data-eager]"));
  form?.requestSubmit();
});

/**
 * Deselects all contacts after a bulk action, and shows the result until the next bulk action.
 * @param {Document} fresh the server's answer
 */
function clearPicked(fresh) {
  for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("#list input[name=pick]")))
    box.checked = false;
  document.getElementById("told")?.replaceChildren(...(fresh.getElementById("told")?.childNodes ?? []));
}

/**
 * Moves the focus to the next useful field if the answer removed the form that was sent. Otherwise the browser would move the
 * focus to the top of the page.
 * @param {HTMLFormElement} form
 * @param {string} action the address to which the form was sent; the update may have changed its address since then
 */
function focusNext(form, action) {
  if (form.isConnected && form.action === action) return;
  const write = action.endsWith("/claim") || action.endsWith("/undo");
  (write ? document.getElementById("reply") : document.getElementById("contact"))?.focus();
}

// Ctrl+Enter sends the form around the text area in focus. A form with a `data-send` button is sent from any of its fields.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !(event.target instanceof Element)) return;
  const field = /** @type {HTMLTextAreaElement | null} */ (event.target.closest("textarea, input, select, button"));
  const form =
    field?.form ??
    /** @type {HTMLFormElement | null} */ (event.target.closest("dialog") ? null : document.getElementById("logging"));
  const send = /** @type {HTMLElement | null} */ (form?.querySelector("[data-send]"));
  if (!form || !(send || field?.matches("textarea"))) return;
  event.preventDefault();
  form.requestSubmit(send);
});
