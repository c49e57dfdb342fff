// The one script of every page. Each module does one thing, and does nothing where its elements are missing.
import "./morph.js";
import "./times.js";
import "./theme.js";
import "./menus.js";
import "./forms.js";
import "./toasts.js";
import "./confirm.js";
import "./live.js";
import "./jobs.js";
import "./editor.js";
import "./log/element.js";
