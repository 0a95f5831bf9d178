// The shell of every page: each import adds one behaviour to what the server rendered.
import "./theme.js";
import "./sidebar.js";
import "./menus.js";
import "./dialogs.js";
import "./confirm.js";
import "./toasts.js";
import "./time.js";
import "./copy.js";
import "./reveal.js";
import "./keys.js";
import "./palette.js";
import "./rows.js";
import "./rail.js";
import "./fields.js";
import "./signout.js";
import "./versions.js";
