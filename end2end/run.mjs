// Runs the browser stories one after another and ends with their count. `cargo xtask test --only end2end` calls it.
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

for (const name of ["WEIR_BIN", "WEIR_TEST_BUCKET", "WEIR_TEST_POSTGRES_URL"]) {
  if (!process.env[name]) {
    console.error(`${name} is not set: run the browser stories by \`cargo xtask test --only end2end\``);
    process.exit(2);
  }
}
const folder = fileURLToPath(new URL(".", import.meta.url));
const wanted = process.argv[2] ?? "";
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".test.mjs") && name.includes(wanted))
  .map((name) => folder + name);
let passed = 0;
let failed = 0;
run({ files, concurrency: 1, timeout: 15 * 60_000 })
  .on("test:pass", ({ details, nesting }) => {
    if (details.type !== "suite" && nesting === 0) passed += 1;
  })
  .on("test:fail", () => {
    failed += 1;
  })
  .on("end", () => {
    console.log(`${passed} passed, ${failed} failed`);
    process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
  })
  .compose(new spec())
  .pipe(process.stdout);
