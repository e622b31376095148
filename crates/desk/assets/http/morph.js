// Updates a part of the page from the server's version by changing only the nodes that differ. Unchanged elements keep their focus,
// their typed text and their open or closed state.

/** @param {Node} one @param {Node} other */
function isSame(one, other) {
  return one.nodeName === other.nodeName && /** @type {Element} */ (one).id === /** @type {Element} */ (other).id;
}

/** @param {Element} old @param {Element} now */
function updateAttributes(old, now) {
  for (const { name, value } of now.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) {
    // A `details` element that the reader opened stays open.
    if (!now.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name);
  }
}

/**
 * @param {Node} old
 * @param {Node} now
 */
function updateNode(old, now) {
  if (old.isEqualNode(now)) return;
  if (!(old instanceof Element) || !(now instanceof Element)) {
    old.nodeValue = now.nodeValue;
    return;
  }
  // Elements with `data-own` are updated by other scripts only. A field in focus keeps the value that is being typed.
  if (old.hasAttribute("data-own")) return;
  const mine = old === document.activeElement && old.matches("select, input, textarea");
  if (mine) return;
  updateAttributes(old, now);
  updateChildren(old, now);
}

/**
 * @param {Element} old
 * @param {Element} now
 */
export function updateChildren(old, now) {
  let at = old.firstChild;
  for (const next of [...now.childNodes]) {
    const id = /** @type {Element} */ (next).id;
    let found = at && isSame(at, next) ? at : null;
    for (let one = at; id && one && !found; one = one.nextSibling) if (isSame(one, next)) found = one;
    if (!found) {
      old.insertBefore(next, at);
      continue;
    }
    if (found === at) at = at.nextSibling;
    else old.insertBefore(found, at);
    updateNode(found, next);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}
