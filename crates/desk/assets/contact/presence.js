// Reports to the server that this counsellor is reading a contact or writing a reply. Colleagues see the report.

import { getContactAddress } from "../http/page.js";

/** The interval between reports, in milliseconds. The server removes a counsellor who has not reported for twelve seconds. */
const OFTEN = 5000;

let here = "";
let typed = 0;
let reported = "";

/** @param {string} doing */
function report(doing) {
  reported = doing;
  fetch(`${here}/here`, { method: "POST", body: new URLSearchParams({ doing }), keepalive: true }).catch(() => {});
}

function reportPresence() {
  if (!here || document.hidden) return;
  report(Date.now() - typed < OFTEN ? "writing" : "reading");
}
setInterval(reportPresence, OFTEN);

document.addEventListener("input", (event) => {
  const form = event.target instanceof HTMLTextAreaElement ? event.target.form : null;
  if (form?.dataset.draft !== "reply") return;
  typed = Date.now();
  if (reported !== "writing") reportPresence();
});

document.addEventListener("visibilitychange", () => (document.hidden ? leaveContact(here) : reportPresence()));
addEventListener("pagehide", () => leaveContact());

// The session ended, so nothing more is reported.
document.addEventListener("emptied", () => {
  here = "";
});

/** @param {string} [next] the address of the contact that is open when the tab is visible again */
export function leaveContact(next = "") {
  if (here && reported !== "gone") report("gone");
  here = next;
}

export function enterContact() {
  here = getContactAddress(document);
  typed = 0;
  reportPresence();
}
