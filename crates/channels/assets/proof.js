// While a line is guarded, its forms ask for a proof of work. This script computes the proof while the visitor types. Without this script,
// a form is sent without a proof.

import { send } from "/posting.js";

/** The number of hashes between two pauses in which the page reacts to the visitor. */
const CHUNK = 250;
/** The form is sent without a proof after this time, in milliseconds. */
const LONGEST = 20_000;

/** Resolves after the browser has handled the events that wait. */
const pause = () => new Promise((resolve) => setTimeout(resolve));

/** Returns the SHA-256 hash of a text, in hexadecimal. */
async function hash(text) {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Searches for the number of a challenge. Returns the solution in the format in which the form sends it. */
async function solve({ algorithm, challenge, maxnumber, salt, signature }) {
  for (let start = 0; start <= maxnumber; start += CHUNK) {
    const hashes = await Promise.all(Array.from({ length: CHUNK }, (_, index) => hash(`${salt}${start + index}`)));
    const index = hashes.indexOf(challenge);
    if (index >= 0) {
      const number = start + index;
      return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
    }
    await pause();
  }
  return "";
}

/** Fetches a challenge and solves it. Returns an empty text if the line asks for no proof. */
async function fetchAndSolve() {
  const response = await fetch("/challenge", { cache: "no-store" });
  return response.status === 200 ? solve(await response.json()) : "";
}

/** Computes the proof of the form on this page, if it asks for one. */
function prepareProof() {
  const form = document.querySelector("form[data-proof]");
  if (!form || !globalThis.crypto?.subtle) return;
  const shown = form.dataset.challenge;
  const early = shown ? solve(JSON.parse(shown)) : undefined;
  const opened = Date.now();
  let solving = false;
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (button?.name === "switch") return;
    event.preventDefault();
    if (solving) return;
    solving = true;
    const late = new Promise((resolve) => setTimeout(resolve, LONGEST, ""));
    // A challenge is valid for 30 minutes. If the form was open for longer, the script solves a new challenge.
    const solved = early && Date.now() - opened < 25 * 60_000 ? early : fetchAndSolve();
    form.elements.proof.value = await Promise.race([solved, late]).catch(() => "");
    solving = false;
    send(form, button);
  });
}

prepareProof();
document.addEventListener("replaced", prepareProof);
