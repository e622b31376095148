// Tells colleagues that somebody reads a contact or writes to its person.

/** How often it is said that somebody is here, in milliseconds. Who is silent for twelve seconds has gone. */
const OFTEN = 5000;

let here = "";
let typed = 0;
let saying = "";

/** @param {string} doing */
function say(doing) {
  saying = doing;
  fetch(`${here}/here`, { method: "POST", body: new URLSearchParams({ doing }), keepalive: true }).catch(() => {});
}

function beat() {
  if (!here || document.hidden) return;
  say(Date.now() - typed < OFTEN ? "writing" : "reading");
}
setInterval(beat, OFTEN);

document.addEventListener("input", (event) => {
  const form = event.target instanceof HTMLTextAreaElement ? event.target.form : null;
  if (form?.dataset.draft !== "reply") return;
  typed = Date.now();
  if (saying !== "writing") beat();
});

document.addEventListener("visibilitychange", () => (document.hidden ? leave(here) : beat()));
addEventListener("pagehide", () => leave());

/** @param {string} [next] where somebody will be when they come back */
export function leave(next = "") {
  if (here && saying !== "gone") say("gone");
  here = next;
}

export function arrive() {
  here = /** @type {HTMLElement | null} */ (document.querySelector("[data-at]"))?.dataset.at ?? "";
  typed = 0;
  beat();
}
