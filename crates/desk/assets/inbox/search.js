// Jumps from one hit of a search to the next.

import { findAround } from "../http/page.js";

/** The hit that was shown last. @type {HTMLElement | null} */
let hit = null;

document.addEventListener("click", (event) => {
  if (!findAround(event, "[data-next-hit]")) return;
  /** @type {(HTMLElement | null)[]} */
  const all = [...document.querySelectorAll("#thread mark")];
  hit = all[(all.indexOf(hit) + 1) % all.length] ?? null;
  for (let part = hit?.parentElement; part; part = part.parentElement)
    if (part instanceof HTMLDetailsElement) part.open = true;
  hit?.focus({ preventScroll: true });
  hit?.scrollIntoView({ block: "center" });
});
