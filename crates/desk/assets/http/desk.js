// Updates the desk while it is open, and sends forms and follows links without reloading the page. Every form and link also works
// without this script.

import { buildBody, findAround, findParts, getContactAddress, getRefusal, parsePage } from "./page.js";
import { updateChildren } from "./morph.js";
import { beginNextMessage, hasUnsavedDrafts, makeId, restoreReply, saveDrafts, updateSeen } from "../contact/drafts.js";
import { enterContact, leaveContact } from "../contact/presence.js";
import {
  collapseWrapUp,
  focusMissingAnswer,
  restoreAnswers,
  updateWrapUp,
  updateWrapUpRights,
} from "../contact/wrap_up.js";
import { prepareClock } from "../contact/clock.js";
import { prepareComposer } from "../contact/composer.js";
import { closeQuestion, showQuestion } from "./dialog.js";
import { hideRefusal, showRefusal } from "./refusal.js";
import { notifyOfWaiting } from "../inbox/notification.js";
import "./keys.js";
import "../contact/canned.js";
import "../inbox/search.js";
import "../routing/away.js";
import "../statistics/index.js";

/** The ids of the page areas that every refresh updates. None of them contains a text field. */
const PARTS = [
  "views",
  "list",
  "head",
  "thread",
  "person",
  "record",
  "health",
  "figures",
  "case",
  "waits",
  "waits-too",
  "case-tasks",
  "care",
];

/** @param {Document} fresh */
function showParts(fresh) {
  const [shown, now] = [getContactAddress(document), getContactAddress(fresh)];
  // If the refreshed page shows another contact, the whole page is replaced. Otherwise the messages of that contact would
  // appear above a reply to this person.
  if (now && shown && now !== shown) return replacePage(fresh);
  for (const id of PARTS) {
    const [old, now] = findParts(id, fresh);
    if (!old || !now) continue;
    const atEnd = old.scrollTop + old.clientHeight >= old.scrollHeight - 40;
    updateChildren(old, now);
    if (id === "thread" && atEnd) old.scrollTop = old.scrollHeight;
  }
  const [write, writeNow] = findParts("write", fresh);
  updateSeen(writeNow);
  // The right to reply can change. A form with typed text stays on the page, and its buttons are disabled.
  if (write && writeNow && !write.querySelector("form") !== !writeNow.querySelector("form") && !hasText(write)) {
    write.replaceChildren(...writeNow.childNodes);
  } else if (write && writeNow) blockReply(write, !writeNow.querySelector("form"));
  updateWrapUpRights(fresh);
  document.title = fresh.title;
  countDown();
  notifyOfWaiting();
}

/**
 * Removes the reply form after this counsellor handed over or gave back the contact. Unsent text has already been saved as a
 * draft.
 * @param {Document} fresh
 */
function replaceReplyForm(fresh) {
  const [write, now] = findParts("write", fresh);
  if (write && now && !now.querySelector("form")) write.replaceChildren(...now.childNodes);
}

/**
 * Scrolls to the message that was just written.
 * @param {Set<string>} before the ids of the messages that the page showed before
 */
function revealNewMessage(before) {
  const all = [...document.querySelectorAll("#thread .message")];
  all.findLast((message) => !before.has(message.id))?.scrollIntoView({ block: "nearest" });
}

/**
 * Disables the reply form while the contact is assigned to a colleague. Shows an alert, which screen readers read aloud.
 * @param {HTMLElement} write
 * @param {boolean} others whether a colleague is the assignee
 */
function blockReply(write, others) {
  const form = write.querySelector("form.reply");
  if (!form || others === !!document.getElementById("taken")) return;
  for (const button of form.querySelectorAll("button")) button.disabled = others;
  if (!others) return document.getElementById("taken")?.remove();
  const notice = document.createElement("p");
  notice.id = "taken";
  notice.className = "alarm";
  notice.setAttribute("role", "alert");
  notice.textContent = write.dataset.taken ?? "";
  write.prepend(notice);
}

/** @param {Element} part */
function hasText(part) {
  return [...part.querySelectorAll("textarea")].some((area) => area.value.trim() !== "");
}

/** The number of forms that the server has accepted. A refresh that began before the last acceptance is out of date. */
let done = 0;
let reading = false;
let again = false;

function getTopOfMain() {
  return document.getElementById("main")?.getBoundingClientRect().top ?? 0;
}

/** Ignores the mouse for a moment, after an alarm at the top moved the page: a press was meant for what stood there before. */
function ignorePresses() {
  document.body.classList.add("moved");
  setTimeout(() => document.body.classList.remove("moved"), 500);
}

async function refresh() {
  // A page that answers a form cannot be loaded again from its address.
  if (document.body.classList.contains("still")) return;
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  const at = location.href;
  const before = done;
  let html = "";
  try {
    // The header marks an automatic request. Automatic requests do not extend the session.
    const answer = await fetch(at, { headers: { accept: "text/html", "hotline-by-itself": "1" } });
    if (answer.redirected && new URL(answer.url).pathname === "/desk/login") location.assign("/desk/login");
    if (answer.ok) html = await answer.text();
    markStale(!answer.ok);
  } catch {
    markStale(true);
  }
  reading = false;
  // If the counsellor has sent a form or opened another page in the meantime, the result is discarded.
  if (before !== done) again = true;
  else if (html && location.href === at) {
    const before = getTopOfMain();
    showParts(parsePage(html));
    if (getTopOfMain() !== before) ignorePresses();
  }
  if (again) {
    again = false;
    refresh();
  }
}

/**
 * Shows what the last action did, as the page in the answer says it. Removes the message of an earlier action.
 * @param {Document} fresh the server's answer
 */
function showFlash(fresh) {
  const said = fresh.getElementById("flash")?.cloneNode(true).childNodes ?? [];
  document.getElementById("flash")?.replaceChildren(...said);
}

/** @param {boolean} is */
function markStale(is) {
  const notice = document.getElementById("stale");
  if (notice) notice.hidden = !is;
}

/** The path and query of the page that is shown. An address that differs only in its fragment belongs to the same page. */
let page = location.pathname + location.search;

/**
 * @param {string} url
 * @param {"pushState" | "replaceState"} how
 */
function setAddress(url, how) {
  history[how](null, "", url);
  page = location.pathname + location.search;
}

/** Scrolls to the element that the fragment of the address names, and focuses it. */
function scrollToHash() {
  const place = location.hash && document.getElementById(location.hash.slice(1));
  if (!place) return;
  place.setAttribute("tabindex", "-1");
  place.focus({ preventScroll: true });
  place.scrollIntoView();
}

let going = 0;

/** Returns a form with changes that are neither sent nor saved as a draft; null if there is none. */
function findUnsentForm() {
  const forms = [.../** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-leave]"))];
  return forms.find((form) => [...form.elements].some(isChanged)) ?? null;
}

/** @param {Element} field */
function isChanged(field) {
  if (field instanceof HTMLSelectElement)
    return [...field.options].some((option) => option.selected && !option.defaultSelected && option.value !== "");
  if (field instanceof HTMLTextAreaElement) return field.value.trim() !== field.defaultValue.trim();
  return field instanceof HTMLInputElement && field.type !== "hidden" && field.value !== field.defaultValue;
}
addEventListener("beforeunload", (event) => {
  if (findUnsentForm()) event.preventDefault();
});

/**
 * Loads another page of the desk and shows it without a reload.
 * @param {string} url
 * @param {boolean} back whether the address bar already shows `url`, as after the back button
 * @param {URLSearchParams} [body] the body of a POST request; without a body the request is a GET
 */
async function openPage(url, back, body) {
  const begun = findUnsentForm();
  if (begun && !confirm(begun.dataset.leave)) {
    if (back) history.forward();
    return;
  }
  const turn = ++going;
  await saveDrafts();
  leaveContact();
  try {
    const answer = await fetch(url, { headers: { accept: "text/html" }, ...(body && { method: "POST", body }) });
    if (new URL(answer.url).pathname === "/desk/login") return location.assign(answer.url);
    const fresh = parsePage(await answer.text());
    // The counsellor opened another page in the meantime.
    if (turn !== going) return;
    if (!fresh.querySelector("header.top")) {
      if (!body) return location.assign(answer.url);
      // The answer to a POST request can't be loaded by its address, so the refusal is shown here.
      return showRefusal(getRefusal(fresh, answer));
    }
    if (!back) setAddress(answer.url + new URL(url, location.href).hash, "pushState");
    replacePage(fresh);
    scrollToHash();
  } catch (error) {
    console.error(error);
    // The address bar already shows the address of the other page, so a reload opens that page.
    if (back) location.reload();
    else markStale(true);
  }
}

/** Returns the first field of a page. This script focuses the field, because the browser would scroll the heading out of view. */
function findFirstField() {
  return /** @type {HTMLElement | null} */ (document.querySelector("main [data-first]"));
}
prepareClock();
if (!location.hash) findFirstField()?.focus({ preventScroll: true });

/**
 * Replaces the content of this page with another page.
 * @param {Document} fresh the other page
 */
function replacePage(fresh) {
  document.body.className = fresh.body.className;
  const before = document.getElementById("list");
  const [view, place] = [before?.getAttribute("aria-label"), before?.scrollTop ?? 0];
  for (const part of ["header.top", "main", "#stale"]) {
    const [old, now] = [document.querySelector(part), fresh.querySelector(part)];
    if (old && now) old.replaceWith(now);
  }
  // The alarms that both pages show stay, because screen readers would read them aloud again.
  for (const id of ["health", "care"]) {
    const [old, now] = findParts(id, fresh);
    if (old && now) updateChildren(old, now);
  }
  const list = document.getElementById("list");
  // The label is the name of the view. Another view begins at its top.
  if (list && list.getAttribute("aria-label") === view) list.scrollTop = place;
  document.title = fresh.title;
  showFlash(fresh);
  markStale(false);
  hideRefusal();
  closeQuestion();
  preparePage();
  const first = findFirstField() ?? document.getElementById("contact") ?? document.getElementById("main");
  if (!first?.matches("select, input, textarea")) first?.setAttribute("tabindex", "-1");
  /** @type {HTMLElement | null} */ (first)?.focus({ preventScroll: true });
  if (!document.body.classList.contains("three")) scrollTo(0, 0);
}

document.addEventListener("click", (event) => {
  const link = findAround(event, "a[href]");
  if (
    !(link instanceof HTMLAnchorElement) ||
    event.defaultPrevented ||
    event.button ||
    event.ctrlKey ||
    event.metaKey ||
    event.shiftKey
  )
    return;
  const to = new URL(link.href);
  if (
    to.origin !== location.origin ||
    !to.pathname.startsWith("/desk") ||
    link.hasAttribute("download") ||
    link.target ||
    to.hash
  )
    return;
  event.preventDefault();
  openPage(link.href, false);
});
document.addEventListener("click", (event) => {
  if (findAround(event, "[data-print]")) print();
});
addEventListener("popstate", () => {
  if (location.pathname + location.search === page) return;
  page = location.pathname + location.search;
  openPage(location.href, true);
});

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
  const turn = going;
  const action = form.action;
  const filled = String(buildBody(new FormData(form)));
  const buttons = [...form.querySelectorAll("button")];
  const typed = new FormData(form, event.submitter);
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
    if (keepsSearch && ["s", "contact", "order"].some((name) => query.has(name)) && turn === going) {
      first = parsePage(await answer.text());
      answer = await fetch(location.href, { headers: { accept: "text/html" } });
    }
    const fresh = parsePage(await answer.text());
    if (answer.ok) {
      done++;
      hideRefusal();
      showFlash(first ?? fresh);
    }
    if (form.matches(".why")) closeQuestion();
    // The counsellor opened another page in the meantime, so that page stays.
    if (turn !== going) {
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
      // The answer is the same page. Only the areas in `PARTS` are updated, so text in other forms stays.
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
      focusNext(form, action);
      const duty = form.querySelector("button.duty");
      if (duty) {
        const now = fresh.querySelector(".duty")?.closest("form") ?? form;
        form.replaceWith(now);
        now.querySelector("button")?.focus();
      }
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

/** Shows how many seconds remain to take a reply back. Removes the button when the time is over. */
function countDown() {
  let over = false;
  for (const form of document.querySelectorAll("form.undo")) {
    const left = Math.ceil((Number(/** @type {HTMLElement} */ (form).dataset.until) - Date.now()) / 1000);
    const shown = form.querySelector(".left");
    if (left <= 0) {
      form.remove();
      over = true;
    } else if (shown) shown.textContent = `(${left})`;
  }
  if (over) refresh();
}
setInterval(countDown, 500);

function preparePage() {
  const thread = document.getElementById("thread");
  if (thread) thread.scrollTop = thread.scrollHeight;
  countDown();
  // Saves text that was typed on the previous page while this page was loading.
  saveDrafts();
  enterContact();
  collapseWrapUp();
  prepareClock();
  prepareComposer();
}

// The answer to a bulk action without live update is the inbox. Its address must not repeat the action when the page is loaded again.
const repeatable = document.querySelector("#several input[name=view]");
if (location.pathname === "/desk/several" && repeatable instanceof HTMLInputElement)
  history.replaceState(null, "", `/desk/inbox?view=${encodeURIComponent(repeatable.value)}`);

if (document.querySelector("header.top")) {
  const live = new EventSource("/desk/live");
  live.onmessage = refresh;
  live.onerror = () => {
    // The server closes the event stream when the session ends. A refresh then leads to the log-in page.
    if (live.readyState === EventSource.CLOSED) refresh();
    setTimeout(() => live.readyState !== EventSource.OPEN && markStale(true), 5000);
  };
  live.onopen = () => markStale(false);
  // The waiting times on the page grow even if no event arrives.
  setInterval(refresh, 30000);
  preparePage();
}

// Only one menu is open at a time. Escape or a click outside closes it.
/** @param {Element | null} [but] */
function closeMenus(but) {
  for (const menu of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("details.menu[open]")))
    if (menu !== but) menu.open = false;
}
document.addEventListener("click", (event) => closeMenus(findAround(event, "details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const summary = /** @type {HTMLElement | null} */ (document.querySelector("details.menu[open] summary"));
  closeMenus();
  summary?.focus();
});
