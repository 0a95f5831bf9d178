/* Bundles and copies third-party code into static/vendor and tests/browser/vendor, and records every file. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = import.meta.dirname;
const [, , product, tests] = process.argv;
if (!product || !tests) throw new Error("usage: node build.mjs PRODUCT_DIR TESTS_DIR");
const manifest = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

const read = (...path) => readFileSync(join(here, "node_modules", ...path));
const about = (name) => JSON.parse(read(name, "package.json").toString());
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const licenceFile = (name) =>
  readdirSync(join(here, "node_modules", name)).find((file) => /^(licence|license|copying)/i.test(file));

function packagesOf(metafile) {
  const names = Object.keys(metafile.inputs)
    .map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1])
    .filter(Boolean);
  return [...new Set(names)].sort();
}

function licenceTexts(names) {
  return names.map((name) => {
    const { version, license } = about(name);
    const file = licenceFile(name);
    const text = file ? read(name, file).toString().trim() : `Licence: ${license}`;
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
}

async function bundle(entry, outfile) {
  const result = await build({
    absWorkingDir: here, entryPoints: [entry], outfile, bundle: true, format: "esm", minify: true,
    target: ["es2022"], platform: "browser", legalComments: "none", metafile: true, write: false,
    mainFields: ["module", "main"], conditions: ["module", "browser", "production"], logLevel: "warning",
  });
  return { bytes: Buffer.from(result.outputFiles[0].contents), packages: packagesOf(result.metafile) };
}

function entry({ name, version, file, source, licence, bytes }) {
  const rows = { name, version, file, source, licence, sha256: sha256(bytes) };
  return ["[[file]]", ...Object.entries(rows).map(([key, value]) => `${key} = ${JSON.stringify(value)}`), ""].join("\n");
}

/* Other files may be recorded by hand in the same VENDOR.toml: only the entries of files written here are replaced. */
function record(folder, entries) {
  const path = join(folder, "VENDOR.toml");
  const head = "# Third-party files, exactly as published or as built by `make vendor`; a test checks every hash.\n";
  const families = new Set(entries.map(({ name }) => `name = ${JSON.stringify(name)}`));
  const old = existsSync(path) ? readFileSync(path, "utf8") : head;
  const [intro, ...blocks] = old.split(/^(?=\[\[file\]\])/m);
  const kept = blocks.filter((block) => !block.split("\n").some((line) => families.has(line)));
  writeFileSync(path, [intro.trimEnd() + "\n", ...kept.map((block) => block.trimEnd() + "\n"), ...entries.map(entry)].join("\n"));
}

function put(folder, file, bytes) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), bytes);
  console.log(`${relative(process.cwd(), join(folder, file))}  ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
  return bytes;
}

function published(name, path, file, folder) {
  const { version, license } = about(name);
  const bytes = put(folder, file, read(name, path));
  return { name, version, file, source: `npm:${name}@${version}/${path}`, licence: license, bytes };
}

const collab = await bundle("collab.js", "collab.js");
const collabFile = `collab-${manifest.version}.js`;
put(product, collabFile, collab.bytes);
const htmx = published("htmx.org", "dist/htmx.min.js", "htmx-4.0.1.min.js", product);
put(product, "THIRD_PARTY_LICENSES.txt",
  Buffer.from(licenceTexts([...collab.packages, "htmx.org"]).join(`\n${"-".repeat(78)}\n\n`)));
record(product, [
  {
    name: "collab", version: manifest.version, file: collabFile, bytes: collab.bytes,
    source: `built from static/src: ${collab.packages.map((name) => `${name}@${about(name).version}`).join(", ")}`,
    licence: [...new Set(collab.packages.map((name) => about(name).license))].sort().join(" AND "),
  },
  htmx,
]);

const stock = await bundle("ywebsocket.js", "ywebsocket.js");
const stockFile = `y-websocket-${about("y-websocket").version}.js`;
put(tests, stockFile, stock.bytes);
const axe = published("axe-core", "axe.min.js", `axe-${about("axe-core").version}.min.js`, tests);
put(tests, "THIRD_PARTY_LICENSES.txt",
  Buffer.from(licenceTexts([...stock.packages, "axe-core"]).join(`\n${"-".repeat(78)}\n\n`)));
record(tests, [
  {
    name: "y-websocket", version: about("y-websocket").version, file: stockFile, bytes: stock.bytes,
    source: `built from static/src: ${stock.packages.map((name) => `${name}@${about(name).version}`).join(", ")}`,
    licence: [...new Set(stock.packages.map((name) => about(name).license))].sort().join(" AND "),
  },
  axe,
]);
