// A call by keyboard: 1 … 5 give the next mark, Ctrl+Enter saves from anywhere, and the cursor goes where words are needed.
const typing = (el) => el?.isContentEditable || (/^(INPUT|TEXTAREA|SELECT)$/.test(el?.tagName ?? "") && !/^(checkbox|radio|button|submit)$/.test(el.type));
const form = () => document.querySelector("form[data-call]");
const off = () => { try { return localStorage.getItem("single-keys-off") === "1"; } catch { return false; } };
let next = 0; // which mark the next digit gives, once all have one

function mark(digit) {
  const groups = ["attitude", "quality"].map((name) => [...form().querySelectorAll(`input[name=${name}]`)]).filter((group) => group.length);
  if (!groups.length) return false;
  let place = groups.findIndex((group) => !group.some((input) => input.checked));
  if (place < 0) place = next % groups.length;
  next = place + 1;
  const input = groups[place].find((one) => one.value === digit);
  if (!input) return false;
  input.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (!form() || event.isComposing || event.keyCode === 229 || event.altKey || document.querySelector("dialog[open], .modal.show")) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && !event.target.closest?.("form")) {
    event.preventDefault();
    form().requestSubmit(form().querySelector("[data-primary]"));
    return;
  }
  if (event.ctrlKey || event.metaKey || off() || typing(event.target)) return;
  if (/^[1-5]$/.test(event.key) && mark(event.key)) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.name !== "outcome" || !event.target.closest("form[data-call]")) return;
  const field = { question: "question", not_satisfied: "note" }[event.target.value];
  // A letter that was typed must not end up in the field: it is focused once the key is up.
  if (field) setTimeout(() => form().querySelector(`[name=${field}]`)?.focus(), 60);
});
