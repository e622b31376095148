// Filters the rows of a page, and copies the text of a field.

import { findAround } from "../http/page.js";

/** Shows the controls that work only with scripts. */
export function prepareControls() {
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-with-script]")))
    part.hidden = false;
}

/**
 * Hides the rows without all typed words, and the sections without such rows.
 * @param {HTMLInputElement} field
 */
function filterRows(field) {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const section of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("main section"))) {
    let shown = 0;
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (section.querySelectorAll("tbody tr"))) {
      const text = `${section.id} ${row.textContent}`.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    section.hidden = !shown;
    found += shown;
  }
  const output = field.parentElement?.querySelector("output");
  if (output) output.textContent = found ? "" : (field.dataset.none ?? "");
}

document.addEventListener("input", (event) => {
  const field = findAround(event, "[data-filters-rows]");
  if (field instanceof HTMLInputElement) filterRows(field);
});

document.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement | null} */ (findAround(event, "[data-copy]"));
  const field = document.getElementById(button?.dataset.copy ?? "");
  if (!button || !(field instanceof HTMLInputElement)) return;
  field.select();
  // Browsers offer the clipboard only to pages over HTTPS. Elsewhere, the selected text is copied.
  const isCopied = navigator.clipboard
    ? await navigator.clipboard.writeText(field.value).then(
        () => true,
        () => false,
      )
    : document.execCommand("copy");
  const output = button.parentElement?.querySelector("output");
  if (isCopied && output) output.textContent = button.dataset.copied ?? "";
});
