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
    const folded = [...old.querySelectorAll("details[open]")].map((one) => one.parentElement?.id);
    const atEnd = old.scrollTop + old.clientHeight >= old.scrollHeight - 40;
    const top = old.scrollTop;
    old.replaceChildren(...now.childNodes);
    for (const part of folded) old.querySelector(`#${part} details`)?.setAttribute("open", "");
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
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.redirected && new URL(answer.url).pathname === "/desk/login") location.assign("/desk/login");
    if (answer.ok) show(await answer.text());
    stale(!answer.ok);
  } catch {
    stale(true);
  }
  reading = false;
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
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const html = await answer.text();
    if (answer.ok) {
      if (location.pathname.startsWith("/desk/contacts/")) history.replaceState(null, "", answer.url);
      const area = form.querySelector("textarea");
      const id = form.querySelector("input[name=id]");
      const fresh = new DOMParser().parseFromString(html, "text/html");
      if (area) area.value = "";
      // The next text is another message.
      if (id) id.value = fresh.querySelector(`form.${form.className.split(" ")[0]} input[name=id]`)?.value ?? crypto.randomUUID();
      show(html);
      const duty = form.querySelector("button.duty");
      if (duty) form.replaceWith(fresh.querySelector(".duty")?.closest("form") ?? form);
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

// Ctrl+Enter sends what is being typed.
document.addEventListener("keydown", (event) => {
  const area = event.target instanceof HTMLTextAreaElement ? event.target : null;
  if (area && event.key === "Enter" && (event.ctrlKey || event.metaKey)) area.form?.requestSubmit();
});

document.getElementById("language")?.addEventListener("change", (event) => event.target.form.requestSubmit());
for (const button of document.querySelectorAll("[data-hide]")) button.hidden = true;
const thread = document.getElementById("thread");
if (thread) thread.scrollTop = thread.scrollHeight;
