// Optional helpers for the public pages, which work without this script. The script lets a visitor leave the site quickly. It also
// moves the focus to the list of mistakes in a form.

const exit = document.getElementById("exit");

/** Replaces this page with the neutral page that the exit link names. The browser history does not keep this page. */
function leave() {
  document.body.replaceChildren();
  location.replace(exit.href);
}

exit?.addEventListener("click", (event) => {
  event.preventDefault();
  leave();
});

// Pressing Shift three times within five seconds leaves the page. Any other key resets the count.
let pressed = [];
addEventListener("keydown", (event) => {
  if (event.key !== "Shift") {
    pressed = [];
    return;
  }
  if (event.repeat) return;
  pressed = [...pressed.filter((at) => event.timeStamp - at < 5000), event.timeStamp];
  if (pressed.length === 3) leave();
});

// A browser can restore a page from its cache together with the typed text. Reloading the page discards that text.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

document.getElementById("mistakes")?.focus();

const print = document.getElementById("print");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
