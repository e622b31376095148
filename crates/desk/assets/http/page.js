// Helpers that read pages and forms.

/**
 * The only way from a text to HTML or to the address of a script (Trusted Types). Browsers that do not know it take the text.
 * @type {{ createHTML: (html: string) => string, createScriptURL: (url: string) => string }}
 */
export const trusted = /** @type {any} */ (window).trustedTypes?.createPolicy("hotline", {
  createHTML: (/** @type {string} */ html) => html,
  createScriptURL: (/** @type {string} */ url) => url,
}) ?? { createHTML: (html) => html, createScriptURL: (url) => url };

/**
 * Parses a page of this server. Its scripts do not run.
 * @param {string} html
 */
export function parsePage(html) {
  return new DOMParser().parseFromString(trusted.createHTML(html), "text/html");
}

/**
 * Returns the element with this id, from this page and from the server's version.
 * @param {string} id
 * @param {Document} fresh the server's version of the page
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
 * Returns the text that explains why a request was refused, or else the HTTP status.
 * @param {Document} fresh the page in the answer
 * @param {Response} answer
 */
export function getRefusal(fresh, answer) {
  return fresh.querySelector("[role=alert]")?.textContent || String(answer.status);
}

/**
 * Converts the fields of a form without files into a request body.
 * @param {FormData} filled
 */
export function buildBody(filled) {
  return new URLSearchParams(/** @type {any} */ (filled));
}

/**
 * Returns the innermost element around an event's target that matches the selector.
 * @param {Event} event
 * @param {string} selector
 */
export function findAround(event, selector) {
  return event.target instanceof Element ? event.target.closest(selector) : null;
}
