/* Comments on a page of their own: unsent text, mentions and sending as in the editor. */

import "./cards.js";
import "./forms.js";
import { Reading } from "./reading.js";

const list = document.getElementById("thread-list");
if (list) new Reading(location.pathname.replace(/\/threads.*$/, "/threads")).watch();
