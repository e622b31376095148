// Keeps the desk live and sends its forms without a reload. Without this every form and link still works.

/** Parts that are replaced by what the server shows now. What is being typed stands in none of them. */
const PARTS = ["views", "list", "head", "thread", "record", "health"];

/** @param {string} html */
function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const id of PARTS) {
    const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
    if (!old || !now || old.innerHTML === now.innerHTML) continue;
    // A choice being made is left alone until the next change.
    if (old.querySelector("select:focus")) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
    const unfolded = [...old.querySelectorAll("details[open]")].map((one) => one.id || one.parentElement?.id).filter(Boolean);
    const atEnd = old.scrollTop + old.clientHeight >= old.scrollHeight - 40;
    const top = old.scrollTop;
    old.replaceChildren(...now.childNodes);
    for (const id of unfolded) {
      const one = document.getElementById(id);
      (one?.matches("details") ? one : one?.querySelector("details"))?.setAttribute("open", "");
    }
    if (focused) old.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    old.scrollTop = id === "thread" && atEnd ? old.scrollHeight : top;
  }
  const write = document.getElementById("write");
  const now = fresh.getElementById("write");
  // Who may write can change; what is typed may not vanish.
  if (write && now && !write.querySelector("form") !== !now.querySelector("form") && !typing(write)) {
    write.replaceChildren(...now.childNodes);
  }
  document.title = fresh.title;
}

/** @param {Element} part */
function typing(part) {
  return [...part.querySelectorAll("textarea")].some((area) => area.value.trim() !== "");
}

let reading = false;
let again = false;
async function refresh() {
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  let html = "";
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.redirected && new URL(answer.url).pathname === "/desk/login") location.assign("/desk/login");
    if (answer.ok) html = await answer.text();
    stale(!answer.ok);
  } catch {
    stale(true);
  }
  reading = false;
  if (html) show(html);
  if (again) {
    again = false;
    refresh();
  }
}

/** @param {boolean} is */
function stale(is) {
  const notice = document.getElementById("stale");
  if (notice) notice.hidden = !is;
}

if (document.querySelector("header.top")) {
  const live = new EventSource("/desk/live");
  live.onmessage = refresh;
  live.onerror = () => setTimeout(() => live.readyState !== EventSource.OPEN && stale(true), 5000);
  live.onopen = () => stale(false);
  // Waiting times turn with age.
  setInterval(refresh, 30000);
}

document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches("[data-live]")) return;
  event.preventDefault();
  const button = form.querySelector("button");
  if (button) button.disabled = true;
  try {
    const typed = new FormData(form);
    const body = form.enctype === "multipart/form-data" ? typed : new URLSearchParams(typed);
    const answer = await fetch(form.action, { method: "POST", body });
    const html = await answer.text();
    if (answer.ok) {
      if (location.pathname.startsWith("/desk/contacts/")) history.replaceState(null, "", answer.url);
      const area = form.querySelector("textarea");
      const id = form.querySelector("input[name=id]");
      const fresh = new DOMParser().parseFromString(html, "text/html");
      if (area) area.value = "";
      for (const file of form.querySelectorAll("input[type=file]")) file.value = "";
      // The next text is another message.
      if (id) id.value = fresh.querySelector(`form.${form.className.split(" ")[0]} input[name=id]`)?.value ?? crypto.randomUUID();
      show(html);
      refocus(form);
      const duty = form.querySelector("button.duty");
      if (duty) {
        const turned = fresh.querySelector(".duty")?.closest("form") ?? form;
        form.replaceWith(turned);
        turned.querySelector("button")?.focus();
      }
    } else {
      const text = new DOMParser().parseFromString(html, "text/html").querySelector("[role=alert]")?.textContent;
      tell(form, text || String(answer.status));
    }
  } catch {
    // What was typed stays where it is, to be sent again: its id makes it the same message.
    stale(true);
  }
  if (button) button.disabled = false;
});

/**
 * What was done took its button away: the keyboard goes on where the next thing is done, not at the top of the page.
 * @param {HTMLFormElement} form
 */
function refocus(form) {
  if (form.isConnected) return;
  const next = form.action.endsWith("/claim") ? document.getElementById("reply") : document.getElementById("contact");
  next?.focus();
}

/**
 * @param {HTMLFormElement} form
 * @param {string} text
 */
function tell(form, text) {
  const notice = document.createElement("p");
  notice.className = "alarm";
  notice.setAttribute("role", "alert");
  notice.textContent = text;
  form.append(notice);
  setTimeout(() => notice.remove(), 10000);
}

// What was typed and not sent is not left behind without a question.
addEventListener("beforeunload", (event) => {
  if (typing(document.body)) event.preventDefault();
});

// Whoever waits on a chat is shown that an answer is being written, while it is.
let told = 0;
document.addEventListener("input", (event) => {
  const path = event.target instanceof HTMLTextAreaElement && event.target.form?.dataset.typing;
  if (!path || Date.now() - told < 4000) return;
  told = Date.now();
  fetch(path, { method: "POST" }).catch(() => {});
});

// Ctrl+Enter sends what is being typed.
document.addEventListener("keydown", (event) => {
  const area = event.target instanceof HTMLTextAreaElement ? event.target : null;
  if (area && event.key === "Enter" && (event.ctrlKey || event.metaKey)) area.form?.requestSubmit();
});

const thread = document.getElementById("thread");
if (thread) thread.scrollTop = thread.scrollHeight;
