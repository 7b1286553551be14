// Signing out, from any page: what was not sent yet is said first, and customers' pages leave the telephone.
import { kept } from "./queue.js";
import { word } from "./words.js";

const user = document.body.dataset.user || "";

async function warn() {
  const waiting = (await kept(user)).filter((one) => one.state === "waiting").length;
  for (const button of document.querySelectorAll("form[data-forget] button"))
    if (waiting) Object.assign(button.dataset, { confirm: word("unsent_sign_out", { n: waiting }), confirmButton: word("sign_out") });
    else delete button.dataset.confirm;
}
// Only where a technician's pages were kept is there anything to lose.
if (user && navigator.serviceWorker) {
  if (navigator.serviceWorker.controller) warn();
  document.addEventListener("waiting", warn);
  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[data-forget]") && !event.defaultPrevented) navigator.serviceWorker.controller?.postMessage({ forget: true });
  });
}
