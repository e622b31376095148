// The clock of the form for logged calls. It measures the duration of a call, from one press of its button to the next.

/** When the clock was started, in milliseconds since 1970; 0 if it is not running. */
let startedAt = 0;
/** When the page with the clock was shown. The server wrote its local time of that moment into `data-now`. */
let shownAt = Date.now();

/** @returns {HTMLButtonElement | null} */
function findClock() {
  return /** @type {HTMLButtonElement | null} */ (document.getElementById("clock"));
}

/** @param {string} id */
function findField(id) {
  return /** @type {HTMLInputElement | HTMLSelectElement | null} */ (document.getElementById(id));
}

/** Shows the button of the clock. Without this script, the counsellor types the duration. */
export function prepareClock() {
  const clock = findClock();
  if (!clock?.hidden) return;
  startedAt = 0;
  shownAt = Date.now();
  clock.dataset.start = clock.textContent ?? "";
  clock.hidden = false;
}

/** Returns the current time in the time zone of the centre, in the format of a `datetime-local` field. */
function getLocalNow() {
  const shown = Date.parse(`${findClock()?.dataset.now}Z`);
  return new Date(shown + Date.now() - shownAt).toISOString().slice(0, "2026-01-31T12:00".length);
}

/** @param {number} seconds */
function formatDuration(seconds) {
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/**
 * Formats the value of a `datetime-local` field as `31.01.2026. 12:00`, like the other times of the desk.
 * @param {string} value
 */
function formatTime(value) {
  const [day, time] = value.split("T");
  if (!day || !time) return "";
  return `${day.split("-").reverse().join(".")}. ${time.slice(0, "12:00".length)}`;
}

function showDuration() {
  const talk = findField("talk");
  if (startedAt && talk) talk.value = formatDuration(Math.max(1, Math.round((Date.now() - startedAt) / 1000)));
}
setInterval(showDuration, 1000);

function startClock() {
  const [clock, at, state] = [findClock(), findField("at"), document.getElementById("clock-state")];
  if (!clock || !(at instanceof HTMLInputElement) || !state) return;
  startedAt = Date.now();
  at.max = getLocalNow();
  at.value = at.max;
  clock.textContent = clock.dataset.stop ?? "";
  clock.setAttribute("aria-pressed", "true");
  state.textContent = clock.dataset.running?.replace("{time}", at.value.slice(-"12:00".length)) ?? "";
  describeDetails();
}

function stopClock() {
  showDuration();
  startedAt = 0;
  const [clock, state] = [findClock(), document.getElementById("clock-state")];
  if (!clock || !state) return;
  clock.textContent = clock.dataset.start ?? "";
  clock.setAttribute("aria-pressed", "false");
  state.textContent = "";
}

/** Repeats the folded fields in the line that unfolds them. */
function describeDetails() {
  const summary = document.getElementById("call-summary");
  const values = ["network", "at", "for", "caller"].map((id) => {
    const field = findField(id);
    if (field instanceof HTMLSelectElement) return field.selectedOptions[0]?.textContent?.trim() ?? "";
    if (field?.id === "at") return formatTime(field.value);
    return field?.value ?? "";
  });
  if (summary) summary.textContent = values.filter(Boolean).join(" · ");
}

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || !event.target.closest("#clock")) return;
  if (startedAt) stopClock();
  else startClock();
});
document.addEventListener("input", (event) => {
  if (!(event.target instanceof Element)) return;
  // A duration that is typed replaces the measured one.
  if (event.target.id === "talk" && startedAt) {
    startedAt = 0;
    stopClock();
  }
  if (event.target.closest("#call-details")) describeDetails();
});
document.addEventListener(
  "submit",
  (event) => {
    if (event.target instanceof HTMLFormElement && event.target.id === "logging" && startedAt) stopClock();
  },
  true,
);
