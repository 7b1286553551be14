// Native dialogs: the browser keeps the focus inside, closes on Escape and gives the focus back.
export const dialog = (id) => document.getElementById(id);

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-dialog]");
  if (opener) {
    event.preventDefault();
    dialog(opener.dataset.dialog)?.showModal();
    return;
  }
  const closer = event.target.closest?.("[data-dialog-close]");
  if (closer) closer.closest("dialog")?.close();
  // A press outside the box lands on the dialog itself.
  else if (event.target instanceof HTMLDialogElement && event.target.hasAttribute("data-light-dismiss")) event.target.close();
});
