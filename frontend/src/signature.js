// A signature drawn with a finger or a pen. Always dark ink on white, whatever the theme: it is printed on the sheet.
//   <canvas data-signature="id_signature" aria-label="…"></canvas> <input type="hidden" id="id_signature" …>
//   <button type="button" data-signature-clear="id_signature">
import SignaturePad from "signature_pad";

const pads = new Map();

function start(canvas) {
  const field = document.getElementById(canvas.dataset.signature);
  if (!field || canvas.pad) return;
  const pad = new SignaturePad(canvas, { backgroundColor: "#fff", penColor: "#111", minWidth: 0.8, maxWidth: 2.6 });
  canvas.pad = pad;
  pads.set(field.id, { canvas, pad, field });
  let width = 0;
  const fit = () => {
    if (!canvas.offsetWidth || canvas.offsetWidth === width) return;
    // Turning the telephone must not lose what was signed: the strokes are scaled to the new width.
    const strokes = pad.toData();
    const factor = width ? canvas.offsetWidth / width : 1;
    width = canvas.offsetWidth;
    const ratio = Math.max(devicePixelRatio || 1, 1);
    canvas.width = canvas.offsetWidth * ratio;
    canvas.height = canvas.offsetHeight * ratio;
    canvas.getContext("2d").scale(ratio, ratio);
    pad.clear();
    if (!strokes.length && field.value) show();
    if (strokes.length)
      pad.fromData(strokes.map((stroke) => ({ ...stroke, points: stroke.points.map((p) => ({ ...p, x: p.x * factor, y: p.y * factor })) })));
  };
  // A form that comes back with an error brings the signature as a picture, not as strokes.
  const show = () => field.value.startsWith("data:image/png") && pad.fromDataURL(field.value).then(() => canvas.setAttribute("data-signed", ""));
  new ResizeObserver(fit).observe(canvas);
  fit();
  const write = () => {
    field.value = pad.isEmpty() ? "" : pad.toDataURL("image/png");
    canvas.toggleAttribute("data-signed", !pad.isEmpty());
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };
  pad.addEventListener("endStroke", write);
  canvas.clear = () => {
    pad.clear();
    write();
  };
}
const all = (root) => root.querySelectorAll?.("canvas[data-signature]").forEach(start);
all(document);
document.addEventListener("htmx:load", (event) => all(event.detail.elt));
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-signature-clear]");
  if (button) pads.get(button.dataset.signatureClear)?.canvas.clear();
});
