// Optional helpers for the public pages, which work without this script. The script lets a visitor leave the site quickly, copies the
// receipt code, shows the privacy page above a form, and moves the focus to the list of mistakes in a form.

/** The only way from a text to HTML (Trusted Types). Browsers that do not know it take the text. */
const trusted = window.trustedTypes?.createPolicy("hotline", { createHTML: (html) => html });

/** Parses a page of this server. Its scripts do not run. */
export function parsePage(html) {
  return new DOMParser().parseFromString(trusted?.createHTML(html) ?? html, "text/html");
}

/** The link that leaves the site. A response to a form brings a new one. */
const exitLink = () => document.getElementById("exit");

/** Hides the page at once and replaces it with the neutral page. The browser history keeps the neutral page instead of this one. */
function leave() {
  const exit = exitLink();
  for (const form of document.forms) form.reset();
  document.title = exit.dataset.loading;
  document.documentElement.className = "left";
  const notice = document.createElement("p");
  notice.setAttribute("role", "alert");
  document.body.replaceChildren(notice);
  // A screen reader announces a text that is added to an alert.
  notice.textContent = exit.dataset.loading;
  navigator.sendBeacon?.("/leave");
  location.replace(exit.dataset.to);
}

addEventListener("click", (event) => {
  const { target } = event;
  const copying = target.closest("[data-copy]");
  const explaining = target.closest("[data-dialog]");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey);
  if (target.closest("[data-leave]")) {
    event.preventDefault();
    leave();
  } else if (target.closest("#print")) window.print();
  else if (copying) copyCode(copying);
  else if (explaining && plain && globalThis.HTMLDialogElement) {
    event.preventDefault();
    showDialog(explaining).catch(() => location.assign(explaining.href));
  }
});

// Pressing and releasing Shift three times within five seconds leaves the page. Shift together with another key, as for a capital letter
// or the layout of the keyboard, does not count and begins the count again.
const WITHIN = 5000;
let alone = false;
let pressed = [];

function startAgain() {
  alone = false;
  pressed = [];
  exitLink()?.removeAttribute("data-pressed");
}

addEventListener("keydown", (event) => {
  if (event.key !== "Shift" || event.ctrlKey || event.altKey || event.metaKey) startAgain();
  else if (!event.repeat) alone = true;
});
addEventListener("keyup", (event) => {
  const exit = exitLink();
  if (event.key !== "Shift" || !alone || !exit) return;
  alone = false;
  pressed = [...pressed.filter((at) => event.timeStamp - at < WITHIN), event.timeStamp];
  exit.dataset.pressed = pressed.length;
  if (pressed.length === 3) leave();
});
addEventListener("pointerdown", startAgain);

// A browser can restore a page from its cache together with the typed text. Requesting the page again discards that text. `reload` would
// ask whether to send the form again if a form led to the page.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.replace(location.pathname + location.search);
});

/** Prepares a page that was loaded or that a response to a form has replaced. */
export function prepare() {
  for (const hint of document.querySelectorAll("[data-with-script]")) hint.hidden = false;
  document.getElementById("mistakes")?.focus();
}

prepare();

/** Copies the text of an element. Browsers offer the clipboard only to pages over HTTPS; elsewhere, the text is selected and copied. */
async function copy(element) {
  const text = element.textContent.trim();
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return true;
  }
  getSelection().selectAllChildren(element);
  return document.execCommand("copy");
}

/** Copies the receipt code. If the browser refuses, the code is selected, so that the visitor can copy it. */
async function copyCode(button) {
  const element = document.getElementById(button.dataset.copy);
  const copied = await copy(element).catch(() => false);
  if (copied) button.nextElementSibling.textContent = button.dataset.copied;
  else getSelection().selectAllChildren(element);
}

/** Shows the page to which a link leads above the form, so that the typed text stays. */
async function showDialog(link) {
  const response = await fetch(link.href, { cache: "no-store" });
  if (!response.ok) throw new Error(response.statusText);
  const main = parsePage(await response.text()).querySelector("main");
  main.querySelector(".back")?.parentElement.remove();
  const dialog = document.createElement("dialog");
  const close = document.createElement("button");
  close.textContent = link.dataset.dialog;
  close.addEventListener("click", () => dialog.close());
  const closing = document.createElement("p");
  closing.append(close);
  // The rest of the page cannot be used while the dialog is open, so the dialog has a link of its own that leaves the site.
  const away = exitLink().cloneNode(true);
  away.removeAttribute("id");
  away.className = "away";
  dialog.append(away, ...main.childNodes, closing);
  dialog.setAttribute("aria-label", dialog.querySelector("h1").textContent);
  // The heading gets the focus, so that the dialog shows its beginning.
  Object.assign(dialog.querySelector("h1"), { tabIndex: -1, autofocus: true });
  // "Back" closes the dialog. Without a place in the history, it would leave the form, and the typed text would be lost.
  const closeOnBack = () => dialog.close();
  dialog.addEventListener("close", () => {
    removeEventListener("popstate", closeOnBack);
    if (history.state?.dialog) history.back();
    dialog.remove();
    link.focus();
  });
  document.body.append(dialog);
  history.pushState({ dialog: true }, "");
  addEventListener("popstate", closeOnBack);
  dialog.showModal();
  dialog.scrollTop = 0;
}
