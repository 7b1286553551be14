// Runs before the first paint, from the head and not deferred: a page that flashes white at night is worse than a
// slow one, and the content policy forbids an inline script.
const dark = matchMedia("(prefers-color-scheme: dark)");
const choice = () => {
  try {
    return localStorage.getItem("theme") || "auto";
  } catch {
    return "auto"; // storage may be switched off
  }
};
const apply = () => {
  const chosen = choice();
  const root = document.documentElement;
  root.dataset.theme = chosen;
  root.setAttribute("data-bs-theme", chosen === "dark" || (chosen === "auto" && dark.matches) ? "dark" : "light");
};
apply();
dark.addEventListener("change", apply);
window.addEventListener("storage", (event) => event.key === "theme" && apply());
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-theme-choice]");
  if (!button) return;
  try {
    localStorage.setItem("theme", button.dataset.themeChoice);
  } catch {
    // the choice then lasts for this page only
  }
  apply();
  document.documentElement.dataset.theme = button.dataset.themeChoice;
  marks();
});
const marks = () => {
  for (const button of document.querySelectorAll("[data-theme-choice]"))
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === document.documentElement.dataset.theme));
};
document.addEventListener("DOMContentLoaded", marks);
