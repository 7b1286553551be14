// Tabler's own modules, only the ones the pages use: its full bundle brings confetti and a carousel.
import "@tabler/core/js/src/bootstrap/alert.ts";
import "@tabler/core/js/src/bootstrap/collapse.ts";
import "@tabler/core/js/src/bootstrap/dropdown.ts";
import "@tabler/core/js/src/bootstrap/modal.ts";
import "@tabler/core/js/src/bootstrap/offcanvas.ts";
import "@tabler/core/js/src/bootstrap/tab.ts";
import "./wire.js";
import "./dialogs.js";
import "./clocks.js";
import "./forms.js";
import "./keys.js";
import "./palette.js";
import "./live.js";
import "./toast.js";
import "./small.js";
import "./intake.js";
import "./photographs.js";
