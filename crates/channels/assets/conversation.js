// Shows new answers while the page with a conversation is open. Without this script, the visitor presses the button instead.

/** The time between two looks for new answers, in milliseconds. */
const EVERY = 30_000;
/** After this time without a new answer, the page stops looking, in milliseconds. */
const AT_MOST = 3 * 60 * 60 * 1000;

const form = document.querySelector("form.refresh");
const said = document.getElementById("said");
let looksUntil = performance.now() + AT_MOST;

async function look() {
  if (performance.now() > looksUntil || document.hidden) return;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("said");
    if (!fresh || fresh.innerHTML === said.innerHTML) return;
    said.replaceChildren(...fresh.childNodes);
    looksUntil = performance.now() + AT_MOST;
  } catch {
    // The next look may succeed.
  }
}

if (form && said) {
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);
}
