// While the tab is hidden, notifies the counsellor when another person starts to wait. The notification contains no message
// text.

let known = countAlerts();

function countAlerts() {
  return Number(
    /** @type {HTMLElement | null} */ (document.querySelector("#waits [data-alerts]"))?.dataset.alerts ?? 0,
  );
}

function playSound() {
  const context = new AudioContext();
  const [tone, loudness] = [context.createOscillator(), context.createGain()];
  tone.frequency.value = 660;
  loudness.gain.setValueAtTime(0.1, context.currentTime);
  loudness.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.4);
  tone.connect(loudness).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + 0.4);
  tone.onended = () => context.close();
}

/** Notifies the counsellor if the tab is hidden and the number of people in question has grown since the last check. */
export function notifyOfWaiting() {
  const now = countAlerts();
  const more = now > known;
  known = now;
  if (!more || !document.hidden) return;
  const { sound: aloud, notify } = document.documentElement.dataset;
  if (aloud !== undefined) playSound();
  // The tag makes the browser replace an earlier notification, so only one is shown at a time.
  if (notify && Notification.permission === "granted") new Notification("Hotline", { body: notify, tag: "waits" });
}

/** The time between two rings, in milliseconds. */
const RING = 5_000;

// A contact in danger rings at every available desk until somebody takes care of it.
setInterval(() => {
  if (document.querySelector("[data-ringing]")) playSound();
}, RING);

document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || !box.matches("[data-permit]") || !box.checked) return;
  Notification.requestPermission().then((said) => {
    if (said === "granted") return;
    box.checked = false;
    const hint = document.getElementById("notify-hint");
    if (hint) hint.textContent = hint.dataset.denied ?? "";
  });
});
