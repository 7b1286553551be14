// Bundles what the pages need into static/dist/ under fixed names; Django's manifest storage adds the hashes.
//   node frontend/build.mjs [--watch]
import { readdir, readFile, mkdir, writeFile, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const out = join(root, "static/dist");
const svgs = join(root, "node_modules/@tabler/icons/icons");

// Folders without our words in them; walking them costs seconds.
const skipped = new Set(["node_modules", "static", "tests", "benchmarks", "migrations", "locale", "docs", "__pycache__"]);

async function* sources(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      if (!skipped.has(entry.name) && !entry.name.startsWith(".")) yield* sources(join(folder, entry.name));
    } else if (/\.(html|py|js)$/.test(entry.name)) yield join(folder, entry.name);
  }
}

const iconFile = (name) =>
  name.endsWith("-filled") ? join(svgs, "filled", `${name.slice(0, -7)}.svg`) : join(svgs, "outline", `${name}.svg`);

/** Names asked for outright (`{% icon "phone" %}`, `icon="phone"`, `"icon": "phone"`), and every plain word in a
 *  module of states or kinds: there the icon is one element of a tuple and only the set of names tells it apart. */
async function iconNames() {
  const asked = new Map();
  const maybe = new Set();
  for (const line of (await readFile(join(root, "frontend/icons.txt"), "utf8")).split("\n")) {
    const name = line.replace(/#.*/, "").trim();
    if (name) asked.set(name, "frontend/icons.txt");
  }
  for await (const file of sources(root)) {
    const text = await readFile(file, "utf8");
    for (const [, name] of text.matchAll(/\bicon["']?\s*[:=(]?\s*["']([a-z0-9][a-z0-9-]*)["']/g)) asked.set(name, file);
    if (/(states|kinds|words|choices|navigation|context)\.py$/.test(file))
      for (const [, name] of text.matchAll(/["']([a-z][a-z0-9-]+)["']/g)) maybe.add(name);
  }
  for (const name of maybe) if (!asked.has(name) && existsSync(iconFile(name))) asked.set(name, "");
  return asked;
}

async function sprite() {
  const symbols = [];
  const missing = [];
  for (const [name, file] of [...(await iconNames())].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!existsSync(iconFile(name))) {
      missing.push(`${name}  (${file.replace(root + "/", "")})`);
      continue;
    }
    const body = (await readFile(iconFile(name), "utf8"))
      .replace(/<!--[\s\S]*?-->/g, "")
      .replace(/^[\s\S]*?<svg[^>]*>/, "")
      .replace(/<\/svg>\s*$/, "")
      .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "")
      .replace(/\s*\n\s*/g, "");
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24">${body}</symbol>`);
  }
  await writeFile(join(out, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`);
  if (missing.length) console.warn(`icons that do not exist, shown as nothing:\n  ${missing.join("\n  ")}`);
  return symbols.length;
}

const options = {
  absWorkingDir: root,
  entryPoints: {
    app: "frontend/src/app.js",
    theme: "frontend/src/theme.js",
    charts: "frontend/src/charts.js",
    signature: "frontend/src/signature.js",
    offline: "frontend/src/offline.js",
    worker: "frontend/src/worker.js",
    board: "frontend/src/board.js",
    style: "frontend/src/app.css",
  },
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  legalComments: "none", // the licences are listed in docs/licences.md
  charset: "utf8",
  logLevel: "warning",
  // Two entry points may not share a name, so the style sheet is bundled as "style" and written as app.css.
  write: false,
  plugins: [
    {
      name: "write",
      setup(build) {
        build.onEnd(async ({ errors, outputFiles }) => {
          if (errors.length) return;
          for (const file of outputFiles) {
            const path = file.path.replace(/style\.css$/, "app.css");
            // No other host is named in what we serve, not even in a comment or an error's text.
            await writeFile(path, file.text.replace(/\/\*![\s\S]*?\*\//g, "").replaceAll(" (https://popper.js.org/docs/v2/)", "").replace(/https:\/\/(?:svelte\.dev\/e\/|github\.com\/sveltejs\/)/g, ""));
          }
          console.log(outputFiles.map((f) => `${f.path.replace(/style\.css$/, "app.css").split("/").pop()} ${Math.round(f.contents.length / 1024)} KiB`).join(", "));
        });
      },
    },
  ],
};
// Modern CSS (light-dark(), relative colours) must pass through as written: lowering it would freeze the theme.
const css = { ...options, entryPoints: { style: options.entryPoints.style, board: "frontend/src/board.css" }, target: ["esnext"] };
const { style, ...scripts } = options.entryPoints;
const js = { ...options, entryPoints: scripts };

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
if (process.argv.includes("--watch")) {
  for (const one of [css, js]) await (await esbuild.context(one)).watch();
} else {
  await esbuild.build(css);
  await esbuild.build(js);
}
console.log(`icons.svg ${await sprite()} icons`);
