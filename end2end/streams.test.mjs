// Streams as a whole, in a real browser, with scripts and without: their images are stored, pulls made fresh, and the
// policies of many changed at once and taken back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { populate, startRegistry } from "./registry.mjs";
import { jobEnded, newHome, newPage, openBrowser, signIn } from "./weir.mjs";

let browser, registry;

before(async () => {
  [browser, registry] = await Promise.all([openBrowser(), startRegistry()]);
  await populate(registry, "app", ["1.0", "1.1"]);
});
after(async () => {
  await browser?.close();
  await registry?.stop();
});

for (const [database, scripts] of [["sqlite", true], ["postgres", false]]) {
  test(`streams are mirrored, made fresh and changed together on ${database}, scripts ${scripts ? "on" : "off"}`, async () => {
    const home = await newHome(database);
    try {
      await home.start();
      const page = await newPage(browser, { javaScriptEnabled: scripts });
      const main = page.locator("main");
      await signIn(page, home.url);
      for (const name of ["one", "two"]) {
        const query = new URLSearchParams({ namespace: "team", name, source: `${registry.host}/app`, tags: "all", insecure: "on", preview: "1" });
        await page.goto(`${home.url}/streams/new?${query}`);
        await page.getByRole("button", { name: "Confirm" }).click();
        assert.match(await jobEnded(page), /2 of 2 tags.*succeeded$/);
      }
      const stream = `${home.url}/s/team/one`;

      // What is missing of one tag's image, then of all.
      await page.goto(`${stream}/t/1.0`);
      await page.getByRole("button", { name: "Mirror now" }).click();
      await page.waitForURL(/\/imports\//);
      assert.match(await jobEnded(page), /1 of 1 tag.*succeeded$/);
      await page.goto(`${stream}/t/1.0`);
      assert.match(await main.innerText(), /Stored here\s+all \d/);
      assert.equal(await page.getByRole("button", { name: "Mirror now" }).count(), 0, "nothing is missing");
      await page.goto(stream);
      await page.getByLabel("More actions for team/one").first().click();
      await page.getByRole("button", { name: "Mirror all tags now" }).click();
      await page.waitForURL(/\/imports\//);
      assert.match(await jobEnded(page), /2 of 2 tags.*succeeded$/);

      // A choice that needs no period is made without one; a period that is none is refused beside its field.
      await page.goto(`${stream}/policy`);
      await page.getByRole("radio", { name: "Ask the source now and then" }).check();
      await page.getByLabel("Ask at most every").fill("soon");
      await page.getByRole("button", { name: "Preview pulls" }).click();
      await page.waitForURL(/freshness=every/);
      assert.match(await main.innerText(), /"soon" is no period/);
      await page.goto(`${stream}/policy`);
      await page.getByRole("radio", { name: "Ask the source each time" }).check();
      await page.getByRole("button", { name: "Preview pulls" }).click();
      await page.waitForURL(/freshness=always/);
      await page.getByRole("button", { name: "Confirm" }).click();
      await page.waitForURL(/\/s\/team\/one\?done=/);
      assert.match(await main.innerText(), /pulls by tag: asks the source before each pull/);

      // Both streams at once, and back.
      await page.goto(`${home.url}/streams`);
      for (const name of ["one", "two"]) await page.getByLabel(`Select team/${name}`).check();
      await page.getByRole("button", { name: "Policies…", exact: true }).click();
      await page.waitForURL(/\/streams\/policies/);
      await page.getByRole("group", { name: "Connections of the streams" }).getByRole("radio", { name: "Allow insecure for all tags" }).check();
      await page.getByRole("button", { name: "Preview" }).click();
      await page.waitForURL(/preview=1/);
      assert.match(await main.innerText(), /2 changes of policies in 2 streams will be made/);
      await page.getByRole("button", { name: "Confirm" }).click();
      await page.waitForURL(/done=/);
      await page.goto(`${home.url}/policies`);
      const report = page.getByRole("table", { name: "Insecure connections" });
      const whole = () => report.locator("tbody").getByText("Stream", { exact: true }).count();
      assert.equal(await whole(), 2);
      await page.goBack();
      await page.getByRole("link", { name: "Undo…" }).click();
      await page.waitForURL(/\/streams\/undo/);
      await page.getByRole("button", { name: "Confirm" }).click();
      await page.waitForURL((at) => at.pathname === "/streams");
      await page.goto(`${home.url}/policies`);
      assert.equal(await whole(), 0);
      assert.deepEqual(page.troubles, []);
    } finally {
      await home.remove();
    }
  });
}
