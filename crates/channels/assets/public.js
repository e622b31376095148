// The form works without this. It only hurries what helps: leaving at once, and finding one's mistakes.

const exit = document.getElementById("exit");

/** Leaves for a page that says nothing about its reader, without this one in the history. */
function leave() {
  document.body.replaceChildren();
  location.replace(exit.href);
}

exit?.addEventListener("click", (event) => {
  event.preventDefault();
  leave();
});

// Shift three times within five seconds; with another key in between it does not count.
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

// Coming back must not show what was typed.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

document.getElementById("mistakes")?.focus();

const print = document.getElementById("print");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
