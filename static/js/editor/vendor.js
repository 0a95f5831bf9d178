/* The one place that names the third-party bundle, so that a new version changes a single line. */

export * from "../../vendor/collab-1.0.0.js";
