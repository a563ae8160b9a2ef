// Every page against the rules of WCAG 2.2 AA that a program can check, in both themes and at 390 px; and none is wider than
// its window, whatever that is.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fill, looks, tooWide, widths } from "./pages.mjs";
import { startRegistry } from "./registry.mjs";
import { newHome, newPage, openBrowser, signIn } from "./weir.mjs";

const axe = fileURLToPath(import.meta.resolve("axe-core/axe.min.js"));
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

let browser, registry, home, pages;

before(async () => {
  [browser, registry, home] = await Promise.all([openBrowser(), startRegistry(), newHome("sqlite")]);
  await home.start();
  pages = await fill(browser, registry, home);
});
after(async () => {
  await browser?.close();
  await registry?.stop();
  await home?.remove();
});

/** What breaks a rule on the page as it is: one line each, with the rule, the page and the selector. */
async function violations(page, name) {
  await page.addScriptTag({ path: axe });
  const found = await page.evaluate(async (values) => {
    const { violations, passes } = await window.axe.run(document, { runOnly: { type: "tag", values } });
    return { violations, passes: passes.length };
  }, rules);
  assert.ok(found.passes > 0, `${name}: no rule was checked`);
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id} on ${name} at ${node.target.flat().join(" ")}: ${help}. ${[...node.any, ...node.all, ...node.none][0]?.message ?? ""}`),
  );
}

for (const [look, options] of Object.entries(looks)) {
  test(`every page keeps to WCAG 2.2 AA, ${look}`, async () => {
    // The check is a script of its own, which the pages' policy rightly refuses.
    const page = await newPage(browser, { ...options, bypassCSP: true });
    const theme = options.colorScheme;
    // The other scheme is what the browser asks for: the cookie alone decides.
    await page.emulateMedia({ colorScheme: theme === "dark" ? "light" : "dark" });
    await page.context().addCookies([{ name: "theme", value: theme, url: home.url }]);
    await page.goto(`${home.url}/login`);
    const found = await violations(page, "login");
    await signIn(page, home.url);
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(home.url + path);
      assert.equal(await page.locator("html").getAttribute("data-theme"), theme, `${name} is not in the ${theme} theme`);
      found.push(...(await violations(page, `${name} (${path})`)));
    }
    await page.context().close();
    assert.deepEqual(found, [], `${found.length} violations:\n${found.join("\n")}`);
  });
}

test("no page is wider than its window", async () => {
  const page = await newPage(browser);
  await signIn(page, home.url);
  const found = [];
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(home.url + path);
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      const wide = await tooWide(page);
      if (wide > 0) found.push(`${name} at ${width}: ${wide} px too wide`);
    }
  }
  await page.context().close();
  assert.deepEqual(found, []);
});

test("the key / goes to the search field until it is switched off", async () => {
  const page = await newPage(browser);
  await signIn(page, home.url);
  const pressed = async () => {
    // Only with the script there is a switch.
    await page.getByRole("banner").getByText("admin", { exact: true }).click();
    await page.getByLabel("Key / goes to search").waitFor();
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press("/");
    return page.evaluate(() => document.activeElement.id);
  };
  await page.goto(`${home.url}/streams`);
  assert.equal(await pressed(), "search");
  assert.equal(await page.locator("#search").inputValue(), "", "the key itself is not typed");
  await page.getByLabel("Key / goes to search").uncheck();
  for (let i = 0; i < 2; i += 1) {
    await page.goto(`${home.url}/streams`);
    assert.equal(await pressed(), "");
  }
  await page.getByLabel("Key / goes to search").check();
  await page.goto(`${home.url}/streams`);
  assert.equal(await pressed(), "search");
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});
