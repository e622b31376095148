// Optional helpers for the public pages, which work without this script. The script lets a visitor leave the site quickly, copies the
// receipt code, and moves the focus to the list of mistakes in a form.

const exit = document.getElementById("exit");

/** Hides the page at once and replaces it with the neutral page. The browser history keeps the neutral page instead of this one. */
function leave() {
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

for (const link of document.querySelectorAll("[data-leave]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    leave();
  });
}

// Pressing and releasing Shift three times within five seconds leaves the page. Shift together with another key, as for a capital letter
// or the layout of the keyboard, does not count and begins the count again.
const WITHIN = 5000;
let alone = false;
let pressed = [];

function startAgain() {
  alone = false;
  pressed = [];
  exit?.removeAttribute("data-pressed");
}

addEventListener("keydown", (event) => {
  if (event.key !== "Shift" || event.ctrlKey || event.altKey || event.metaKey) startAgain();
  else if (!event.repeat) alone = true;
});
addEventListener("keyup", (event) => {
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

for (const hint of document.querySelectorAll("[data-with-script]")) hint.hidden = false;

document.getElementById("mistakes")?.focus();

const print = document.getElementById("print");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

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

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const element = document.getElementById(button.dataset.copy);
    const copied = await copy(element).catch(() => false);
    // If the browser refuses, the code is selected, so that the visitor can copy it.
    if (copied) button.nextElementSibling.textContent = button.dataset.copied;
    else getSelection().selectAllChildren(element);
  });
}
