// Pictures of every page for people to look at: light, dark, and at several widths, into end2end/artifacts.
// WEIR_BIN=target/debug/weir node end2end/screens.mjs
import { mkdir } from "node:fs/promises";
import { fill, looks, tooWide, widths } from "./pages.mjs";
import { startRegistry } from "./registry.mjs";
import { newHome, newPage, openBrowser, signIn } from "./weir.mjs";

const out = new URL("./artifacts/", import.meta.url).pathname;
await mkdir(out, { recursive: true });
const [browser, registry, home] = await Promise.all([openBrowser(), startRegistry(), newHome("sqlite")]);
try {
  await home.start();
  const pages = await fill(browser, registry, home);
  const between = widths.filter((width) => width > 390).map((width) => [`w${width}`, { viewport: { width, height: 900 } }]);
  for (const [kind, options] of [...Object.entries(looks), ...between]) {
    const page = await newPage(browser, options);
    await page.goto(`${home.url}/login`);
    await page.screenshot({ path: `${out}login-${kind}.png` });
    await signIn(page, home.url);
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(home.url + path);
      const wide = await tooWide(page);
      if (wide > 0) console.log(`${name} ${kind}: ${wide} px too wide`);
      await page.screenshot({ path: `${out}${name}-${kind}.png`, fullPage: kind !== "light" ? false : true });
    }
    await page.context().close();
  }
} finally {
  await browser.close();
  await registry.stop();
  await home.remove();
}
