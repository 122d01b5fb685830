// Small comforts on top of pages that work without any script.
"use strict";

const rows = () => [...document.querySelectorAll(".list tbody tr")];

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.classList.contains("at"));
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  all.forEach((row) => row.classList.toggle("at", row === next));
  next.querySelector("a")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const search = document.querySelector("#q");
  const help = document.querySelector("#keys");
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "/" && search) { event.preventDefault(); search.focus(); search.select(); }
  else if (event.key === "?" && help) help.showModal();
  else if (event.key === "u") document.querySelector("a[rel=up]")?.click();
});

// A second click on "send" while the first is under way would only meet a version conflict.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  const pressed = event.submitter;
  // A download leaves the page where it is, so its button stays usable.
  if (pressed && !("download" in pressed.dataset)) setTimeout(() => { pressed.disabled = true; }, 0);
});

// Coming back by the browser's history shows a page as it was left: buttons must work again.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("button[disabled]").forEach((button) => { button.disabled = false; });
});

// A file that is too large is refused before it travels.
document.addEventListener("change", (event) => {
  const { largest, tooLarge } = event.target.dataset;
  if (!largest) return;
  const over = [...event.target.files].some((file) => file.size > Number(largest));
  event.target.setCustomValidity(over ? tooLarge : "");
  if (over) event.target.reportValidity();
});

// What an officer typed is not lost by a slip.
let edited = false;
document.addEventListener("input", (event) => { if (event.target.closest("form[data-keep]")) edited = true; });
document.addEventListener("submit", () => { edited = false; });
window.addEventListener("beforeunload", (event) => { if (edited) event.preventDefault(); });

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (!button) return;
  if (button.dataset.do === "print") window.print();
  if (button.dataset.do === "keys") document.querySelector("#keys")?.showModal();
});

// The bell of a page that stays open. The server does not count this as use of the session; once
// that has ended, nothing is asked any more and the page is left as it is, typed text included.
const bell = document.querySelector("[data-bell]");
let asking = Boolean(bell);

async function ring() {
  if (!asking || document.hidden) return;
  let answer;
  try { answer = await fetch("/console/notices/count", { redirect: "manual" }); } catch { return; }
  if (!answer.ok) { asking = answer.status >= 500; return; }
  const { unseen } = await answer.json();
  const shown = bell.querySelector("[data-count]");
  shown.textContent = unseen < 100 ? String(unseen) : "99+";
  shown.hidden = bell.querySelector("[data-unit]").hidden = !unseen;
}

if (bell) {
  setInterval(ring, 60_000);
  document.addEventListener("visibilitychange", ring);
  window.addEventListener("pageshow", (event) => { if (event.persisted) ring(); });
}
