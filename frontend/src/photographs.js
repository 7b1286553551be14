// A photograph leaves the telephone small: drawn anew at 2,000 pixels, then sent; without this script the form does.
//   <form data-photograph-form data-again data-words-sending="…" data-words-failed="…"> with `key`, `file` and [data-photograph-answer]
const LONGEST_SIDE = 2000;

async function smaller(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const factor = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * factor);
    canvas.height = Math.round(picture.height * factor);
    const brush = canvas.getContext("2d");
    brush.fillStyle = "#fff";
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.88));
    return blob && blob.size < file.size ? blob : file;
  } catch {
    return file; // what the browser cannot read, the server refuses with its reason
  }
}

async function send(form) {
  const answer = form.querySelector("[data-photograph-answer]");
  const button = form.querySelector("button[type=submit]");
  const file = form.elements.file.files[0];
  const say = (text, bad) => {
    answer.textContent = text;
    answer.className = text ? `alert py-2 ${bad ? "alert-danger" : "alert-info"}` : "";
  };
  if (!file) return form.elements.file.click();
  button.disabled = true;
  say(form.dataset.wordsSending, false);
  const body = new FormData(form);
  body.set("file", await smaller(file), "photograph.jpg");
  try {
    const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (response.status === 201) {
      // The rest of the page may hold a report half written: only the list of photographs is read anew.
      const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
      for (const part of ["[data-photographs]", "[data-photograph-count]"]) document.querySelector(part)?.replaceWith(page.querySelector(part));
      for (const choice of page.querySelectorAll("[data-photograph-choices]")) {
        const own = document.getElementById(choice.id);
        const chosen = new Set([...(own?.querySelectorAll("input:checked") ?? [])].map((input) => input.value));
        own?.replaceWith(choice);
        choice.querySelectorAll("input").forEach((input) => (input.checked = chosen.has(input.value)));
      }
      form.reset();
      form.elements.key.value = crypto.randomUUID?.() ?? page.querySelector("[data-photograph-form]")?.elements.key.value;
      say("", false);
      if (!page.querySelector("[data-photograph-form]")) form.remove();
    } else {
      const errors = response.headers.get("Content-Type")?.startsWith("application/json")
        ? Object.values((await response.json()).errors).flat().map((error) => error.message).join(" ")
        : await response.text();
      say(response.status < 500 && errors.length < 400 ? errors : form.dataset.wordsFailed, true);
    }
  } catch {
    say(form.dataset.wordsFailed, true);
  }
  button.disabled = false;
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("form[data-photograph-form]");
  if (!form) return;
  event.preventDefault();
  send(form);
});
