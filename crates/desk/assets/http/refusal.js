// Shows why the server refused an action. A refresh of the page does not replace this notice.

let timer = 0;

/**
 * Shows a refusal for 20 seconds, or until an action succeeds.
 * @param {string} text
 */
export function showRefusal(text) {
  const notice = document.getElementById("refused");
  if (!notice) return;
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(hideRefusal, 20000);
}

/** Hides the refusal. */
export function hideRefusal() {
  const notice = document.getElementById("refused");
  if (notice) notice.hidden = true;
}
