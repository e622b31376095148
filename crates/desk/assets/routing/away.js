// Warns a counsellor on duty a minute before they count as away.

/** How long before the time the warning is shown, in milliseconds. */
const WARNING = 60_000;

/** @type {string | undefined} The seconds that the server reported last. */
let reported;
/** The time at which the counsellor counts as away, on the clock of this page. */
let deadline = 0;

function showOrHide() {
  const warning = /** @type {HTMLElement | null} */ (document.getElementById("away-soon"));
  if (!warning) {
    reported = undefined;
    return;
  }
  if (warning.dataset.left !== reported) {
    reported = warning.dataset.left;
    deadline = performance.now() + Number(reported) * 1_000;
  }
  warning.hidden = deadline - performance.now() > WARNING;
}

setInterval(showOrHide, 1_000);
