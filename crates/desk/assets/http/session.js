// Empties the page when the session must have ended by the clock and the server does not answer. While the server answers, it leads to the
// log-in page instead.

/** How long a session lasts without an action of its user, as in `sessions.rs` of the store, in milliseconds. */
const IDLE = 30 * 60_000;
/** The interval between two looks at the clocks, in milliseconds. */
const OFTEN = 5_000;
/** How long an answer may take, in milliseconds. */
const PATIENCE = 10_000;

/** When the server answered the last action. `performance.now` may stop while the device sleeps, and `Date.now` may be set back. */
let acted = readClocks();
let isEmpty = false;
let isAsking = false;

function readClocks() {
  return { date: Date.now(), steady: performance.now() };
}

function mustHaveEnded() {
  return Math.max(Date.now() - acted.date, performance.now() - acted.steady) > IDLE;
}

/** Notes that the server answered an action of the user, which prolongs the session. */
export function noteAction() {
  acted = readClocks();
}

/**
 * Asks the server whether the session goes on. The request does not prolong it.
 * @returns {Promise<"open" | "ended" | "unknown">}
 */
async function askServer() {
  try {
    const answer = await fetch("/api/v1/me", {
      headers: { "hotline-by-itself": "1" },
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.ok) return "open";
    return answer.status === 401 || answer.status === 403 ? "ended" : "unknown";
  } catch {
    return "unknown";
  }
}

/** Removes everything from the page. What was stored as a draft is on the server, and later pages show it. */
function emptyPage() {
  isEmpty = true;
  const words = document.getElementById("stale")?.dataset ?? /** @type {DOMStringMap} */ ({});
  const notice = document.createElement("p");
  notice.setAttribute("role", "alert");
  notice.textContent = words.emptied ?? "";
  const link = document.createElement("a");
  link.href = "/desk/login";
  link.textContent = words.login ?? "";
  const main = document.createElement("main");
  main.append(notice, link);
  document.dispatchEvent(new Event("emptied"));
  // No refresh shows the page again.
  document.body.className = "plain still";
  document.body.replaceChildren(main);
  document.title = "Hotline";
}

async function lookAtClocks() {
  if (isAsking || !(isEmpty || mustHaveEnded())) return;
  isAsking = true;
  const session = await askServer();
  isAsking = false;
  if (session === "ended") location.assign("/desk/login");
  else if (session === "open" && isEmpty) location.assign("/desk");
  // Another page of the same session may have prolonged it.
  else if (session === "open") noteAction();
  else if (!isEmpty && mustHaveEnded()) emptyPage();
}

/** Begins to look at the clocks. */
export function watchSession() {
  setInterval(lookAtClocks, OFTEN);
  // The browser shows a page that it had kept, as after the back button.
  addEventListener("pageshow", lookAtClocks);
}
