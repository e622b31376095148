// Keeps the desk live, sends its forms and follows its links without a reload. Without this every form and link still works.

import { buildBody, findAround, findParts, getContactAddress, getRefusal, parsePage } from "./page.js";
import { updateChildren } from "./morph.js";
import { beginNextMessage, hasUnsavedDrafts, makeId, restoreReply, saveDrafts, updateSeen } from "../contact/drafts.js";
import { enterContact, leaveContact } from "../contact/presence.js";
import { focusMissingAnswer, restoreAnswers, updateWrapUp, updateWrapUpRights } from "../contact/wrap_up.js";
import { closeQuestion, showQuestion } from "./dialog.js";
import { hideRefusal, showRefusal } from "./refusal.js";
import { notifyOfWaiting } from "../inbox/notification.js";
import "./keys.js";
import "../contact/canned.js";

/** Parts that are replaced by what the server shows now. What is being typed stands in none of them. */
const PARTS = ["views", "list", "head", "thread", "record", "health", "figures", "case", "waits"];

/** @param {Document} fresh */
function showParts(fresh) {
  const [shown, now] = [getContactAddress(document), getContactAddress(fresh)];
  // Never the messages of one person over the reply to another.
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
  // Who may write can change; what is typed may not vanish.
  if (write && writeNow && !write.querySelector("form") !== !writeNow.querySelector("form") && !hasText(write)) {
    write.replaceChildren(...writeNow.childNodes);
  } else if (write && writeNow) blockReply(write, !writeNow.querySelector("form"));
  updateWrapUpRights(fresh);
  document.title = fresh.title;
  countDown();
  notifyOfWaiting();
}

/**
 * I let go of a contact myself: that is no news to me. What I had begun to write is kept as my draft.
 * @param {Document} fresh
 */
function replaceReplyForm(fresh) {
  const [write, now] = findParts("write", fresh);
  if (write && now && !now.querySelector("form")) write.replaceChildren(...now.childNodes);
}

/**
 * What I have just written is where I see it.
 * @param {Set<string>} before the messages that were there
 */
function revealNewMessage(before) {
  const all = [...document.querySelectorAll("#thread .message")];
  all.findLast((message) => !before.has(message.id))?.scrollIntoView({ block: "nearest" });
}

/**
 * Somebody else holds what is being answered here: that is said aloud, and nothing can be sent until it is no longer so.
 * @param {HTMLElement} write
 * @param {boolean} others
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

/** How many forms were answered: what was read before one was is older than its answer. */
let done = 0;
let reading = false;
let again = false;
async function refresh() {
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  const at = location.href;
  const before = done;
  let html = "";
  try {
    // Nobody did anything: this keeps no log-in from ending.
    const answer = await fetch(at, { headers: { accept: "text/html", "hotline-by-itself": "1" } });
    if (answer.redirected && new URL(answer.url).pathname === "/desk/login") location.assign("/desk/login");
    if (answer.ok) html = await answer.text();
    markStale(!answer.ok);
  } catch {
    markStale(true);
  }
  reading = false;
  // Somebody may have gone on meanwhile.
  if (before !== done) again = true;
  else if (html && location.href === at) showParts(parsePage(html));
  if (again) {
    again = false;
    refresh();
  }
}

/** @param {boolean} is */
function markStale(is) {
  const notice = document.getElementById("stale");
  if (notice) notice.hidden = !is;
}

/** The page that is shown: an address that differs in its place on the page only leads to the same. */
let page = location.pathname + location.search;

/**
 * @param {string} url
 * @param {"pushState" | "replaceState"} how
 */
function setAddress(url, how) {
  history[how](null, "", url);
  page = location.pathname + location.search;
}

/** Shows the place on the page that the address names. */
function scrollToHash() {
  const place = location.hash && document.getElementById(location.hash.slice(1));
  if (!place) return;
  place.setAttribute("tabindex", "-1");
  place.focus({ preventScroll: true });
  place.scrollIntoView();
}

let going = 0;

/** A form that keeps no draft, with something filled in. */
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
 * Goes to another page of the desk, in place.
 * @param {string} url
 * @param {boolean} back whether the browser has the address already
 * @param {URLSearchParams} [body] what is sent there, if anything is
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
    // Somebody went elsewhere meanwhile.
    if (turn !== going) return;
    if (!fresh.querySelector("header.top")) {
      if (!body) return location.assign(answer.url);
      // What was sent is not asked for again by its address.
      return showRefusal(getRefusal(fresh, answer));
    }
    if (!back) setAddress(answer.url + new URL(url, location.href).hash, "pushState");
    replacePage(fresh);
    scrollToHash();
  } catch (error) {
    console.error(error);
    // The address is that of another page already.
    if (back) location.reload();
    else markStale(true);
  }
}

/** The field a page begins with. It is focused here, not by the browser, which would scroll the heading out of sight. */
function findFirstField() {
  return /** @type {HTMLElement | null} */ (document.querySelector("main [data-first]"));
}
if (!location.hash) findFirstField()?.focus({ preventScroll: true });

/**
 * Shows another page.
 * @param {Document} fresh
 */
function replacePage(fresh) {
  document.body.className = fresh.body.className;
  for (const place of ["header.top", "main"]) {
    const [old, now] = [document.querySelector(place), fresh.querySelector(place)];
    if (old && now) old.replaceWith(now);
  }
  document.title = fresh.title;
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

/** Forms that were sent and not answered yet. */
const underWay = new WeakSet();

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
  if (!form.matches("[data-live]")) {
    if (form.method !== "post" || !hasUnsavedDrafts()) return;
    // The page comes anew: what is being written goes before it.
    event.preventDefault();
    await saveDrafts();
    form.submit();
    return;
  }
  event.preventDefault();
  // The keyboard sends a form whose buttons are asleep, too.
  if (underWay.has(form) || (form.matches(".reply") && document.getElementById("taken"))) return;
  underWay.add(form);
  const turn = going;
  const action = form.action;
  const filled = String(buildBody(new FormData(form)));
  const buttons = [...form.querySelectorAll("button")];
  const typed = new FormData(form, event.submitter);
  const mine = /\/(hand-over|give-back)$/.test(action);
  // Before it is sent: the live stream may show the new message sooner than the answer does.
  const before = new Set([...document.querySelectorAll("#thread .message")].map((message) => message.id));
  for (const button of buttons) button.disabled = true;
  try {
    if (mine) await saveDrafts();
    const body = form.enctype === "multipart/form-data" ? typed : buildBody(typed);
    const answer = await fetch(form.action, { method: "POST", body });
    const fresh = parsePage(await answer.text());
    if (answer.ok) {
      done++;
      hideRefusal();
    }
    if (form.matches(".why")) closeQuestion();
    // Somebody went on meanwhile: they are not called back.
    if (turn !== going) {
      if (!answer.ok) showRefusal(getRefusal(fresh, answer));
      return refresh();
    }
    if (!answer.ok && showQuestion(fresh)) return;
    // What was done leads to a page: of a case, or to the contact with the reply prepared.
    if (form.matches("[data-follow]") && answer.ok) {
      if (new URL(answer.url).pathname !== location.pathname) {
        setAddress(answer.url, "pushState");
        return replacePage(fresh);
      }
      // The same page: what is being typed elsewhere on it stays.
      showParts(fresh);
      if (!form.matches("[data-eager]") && String(buildBody(new FormData(form))) === filled) form.reset();
      return;
    }
    // A form that is a page of its own is followed by the page that answers it, with what was typed if that was not right.
    if (form.matches("[data-asks]") && (answer.ok || answer.status === 422)) {
      if (answer.ok) setAddress(answer.url, "replaceState");
      replacePage(fresh);
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
      // Somebody was quicker, or something came: what is so now is shown.
      if (answer.status === 409) {
        const id = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=id]"));
        if (id && form.dataset.draft) id.value = makeId();
        if (form.matches(".wrapping")) focusMissingAnswer(form);
        refresh();
      }
    }
  } catch (error) {
    // What was typed stays where it is, to be sent again: its id makes it the same message.
    markStale(true);
    console.error(error);
  } finally {
    underWay.delete(form);
    const over = !!document.getElementById("taken");
    for (const button of buttons) button.disabled = over && form.matches(".reply");
  }
});
// Kept when it is left: what is done next to it shows the page anew.
document.addEventListener("change", (event) => {
  const form = /** @type {HTMLFormElement | null} */ (findAround(event, "form[data-eager]"));
  form?.requestSubmit();
});

/**
 * Something was done to those that were picked: what came of it is told until the next time.
 * @param {Document} fresh
 */
function clearPicked(fresh) {
  for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("#list input[name=pick]")))
    box.checked = false;
  document.getElementById("told")?.replaceChildren(...(fresh.getElementById("told")?.childNodes ?? []));
}

/**
 * What was done took its button away: the keyboard goes on where the next thing is done, not at the top of the page.
 * @param {HTMLFormElement} form
 * @param {string} action what it did; by now it may do something else
 */
function focusNext(form, action) {
  if (form.isConnected && form.action === action) return;
  const write = action.endsWith("/claim") || action.endsWith("/undo");
  (write ? document.getElementById("reply") : document.getElementById("contact"))?.focus();
}

// Ctrl+Enter sends what is being typed: of a form that is sent so, wherever in it one is.
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

/** Seconds in which a reply can still be taken back. */
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
  // On a telephone the pages stand in one row that scrolls.
  const nav = document.querySelector("header.top nav");
  const here = /** @type {HTMLElement | null} */ (nav?.querySelector("[aria-current]"));
  if (nav && here) nav.scrollLeft = here.offsetLeft - nav.clientWidth / 3;
  countDown();
  // What was typed while the page came is kept where it was typed.
  saveDrafts();
  enterContact();
}

if (document.querySelector("header.top")) {
  const live = new EventSource("/desk/live");
  live.onmessage = refresh;
  live.onerror = () => {
    // It ends with the log-in: reading anew leads to the page of logging in.
    if (live.readyState === EventSource.CLOSED) refresh();
    setTimeout(() => live.readyState !== EventSource.OPEN && markStale(true), 5000);
  };
  live.onopen = () => markStale(false);
  // Waiting times turn with age.
  setInterval(refresh, 30000);
  preparePage();
}

// One menu at a time; a click elsewhere or Escape closes it.
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
