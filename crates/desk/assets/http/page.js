// Reads pages and forms.

/** @param {string} html */
export function parsePage(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

/**
 * Returns the part with this id, as it is shown and as the server has it now.
 * @param {string} id
 * @param {Document} fresh
 */
export function findParts(id, fresh) {
  return [document.getElementById(id), fresh.getElementById(id)];
}

/**
 * Returns the address of the contact that a page shows.
 * @param {Document} page
 */
export function getContactAddress(page) {
  return /** @type {HTMLElement | null} */ (page.querySelector("[data-at]"))?.dataset.at ?? "";
}

/**
 * Returns why a request was refused.
 * @param {Document} fresh
 * @param {Response} answer
 */
export function getRefusal(fresh, answer) {
  return fresh.querySelector("[role=alert]")?.textContent || String(answer.status);
}

/**
 * Returns the body of a request that sends a form without files.
 * @param {FormData} filled
 */
export function buildBody(filled) {
  return new URLSearchParams(/** @type {any} */ (filled));
}

/**
 * Returns the innermost element around an event that matches.
 * @param {Event} event
 * @param {string} selector
 */
export function findAround(event, selector) {
  return event.target instanceof Element ? event.target.closest(selector) : null;
}
