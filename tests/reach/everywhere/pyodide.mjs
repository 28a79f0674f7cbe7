// node pyodide.mjs PYODIDE SITE CHECKS: what CHECKS prints, run in Pyodide with SITE to import from.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [pyodide, site, checks] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(pyodide));
const python = await loadPyodide();
python.FS.mkdirTree("/site");
python.FS.mount(python.FS.filesystems.NODEFS, { root: site }, "/site");
console.log(await python.runPythonAsync(readFileSync(checks, "utf-8")));
