// Bundles codemirror.js into static/vendor, with the versions and licences of what came in beside it.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const VENDOR = "../static/vendor/codemirror";
const PACKAGE = /node_modules\/((?:@[^/]+\/)?[^/]+)\//;

const { metafile } = await build({
  entryPoints: ["codemirror.js"],
  outfile: `${VENDOR}.js`,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  banner: { js: "/* CodeMirror and what it needs, under the MIT licence: see codemirror.licences.txt */" },
  metafile: true,
});

const used = new Set(Object.values(metafile.outputs).flatMap(({ inputs }) =>
  Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput ? PACKAGE.exec(path)?.[1] ?? [] : []))));
const told = [...used].sort().map((name) => {
  const folder = `node_modules/${name}`;
  const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  return `${name} ${version}\n\n${readFileSync(`${folder}/LICENSE`, "utf8").trim()}\n`;
});
writeFileSync(`${VENDOR}.licences.txt`, told.join("\n----\n\n"));

const digest = createHash("sha256").update(readFileSync(`${VENDOR}.js`)).digest("hex");
writeFileSync("../static/vendor/SHA256SUMS", `${digest}  codemirror.js\n`);
