// Says why something was not done, in a place that is not shown anew.

let timer = 0;

/**
 * Stays until what it is about is done, or long enough to be read.
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

/** What it was about is done. */
export function hideRefusal() {
  const notice = document.getElementById("refused");
  if (notice) notice.hidden = true;
}
