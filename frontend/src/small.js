// Small things that would otherwise be inline handlers, which the content policy forbids.
document.addEventListener("change", (event) => {
  if (event.target.closest?.("[data-submit-on-change]")) event.target.form?.requestSubmit();
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button || !navigator.clipboard) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  document.dispatchEvent(new CustomEvent("toast", { detail: { text: button.dataset.copied || button.dataset.copy, level: "success" } }));
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-print]")) window.print();
  if (event.target.closest?.("[data-reload]")) location.reload();
  if (event.target.closest?.("[data-back]")) history.back();
});
