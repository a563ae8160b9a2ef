// Changing what is there, in a real browser, with scripts and without: roll back and hold, release, policies of many tags
// at once and their undo, schedules.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { move, populate, startRegistry, until } from "./registry.mjs";
import { jobEnded, newHome, newPage, openBrowser, signIn } from "./weir.mjs";

const TAGS = Array.from({ length: 300 }, (_, i) => `1.${i}`);
let browser, registry;

before(async () => {
  [browser, registry] = await Promise.all([openBrowser(), startRegistry()]);
  await populate(registry, "app", TAGS);
});
after(async () => {
  await browser?.close();
  await registry?.stop();
});

for (const [database, scripts] of [["sqlite", true], ["postgres", false]]) {
  test(`tags are rolled back, held, scheduled and changed in bulk on ${database}, scripts ${scripts ? "on" : "off"}`, async () => {
    const home = await newHome(database, { WEIR_MAX_TAGS_PER_IMPORT: "-1", WEIR_SCHEDULE_INTERVAL: "5s" });
    try {
      await home.start();
      const page = await newPage(browser, { javaScriptEnabled: scripts });
      const main = page.locator("main");
      const stream = `${home.url}/s/team/app`;
      await signIn(page, home.url);
      const query = new URLSearchParams({ namespace: "team", name: "app", source: `${registry.host}/app`, tags: "all", insecure: "on", preview: "1" });
      await page.goto(`${home.url}/streams/new?${query}`);
      await page.getByRole("button", { name: "Confirm" }).click();
      assert.match(await jobEnded(page), /300 of 300 tags.*succeeded$/);

      // Upstream moves a tag; it is rolled back and held, and an import does not move it.
      const digest = async (tag) => {
        await page.goto(`${stream}/t/${tag}`);
        return (await main.locator(".digest").first().innerText()).replace("sha256:", "").trim();
      };
      const first = await digest("1.7");
      const moved = await move(registry, "app", "1.7", database.length);
      await page.getByRole("button", { name: "Import again" }).first().click();
      await jobEnded(page);
      assert.equal(await digest("1.7"), moved.digest.slice(7, 19));
      await page.goto(`${stream}/t/1.7/history`);
      await page.getByRole("link", { name: "Compare revision 1 with the current image" }).click();
      await page.waitForURL(/\/compare/);
      assert.match(await main.innerText(), /Differences[\s\S]*revision/);
      await page.goBack();
      await page.getByRole("link", { name: "Restore revision 1" }).click();
      await page.waitForURL(/\/rollback/);
      await page.getByRole("radio", { name: "Hold" }).check();
      await page.getByRole("button", { name: "Preview" }).click();
      await page.waitForURL(/after=held/);
      assert.match(await main.innerText(), /app:1\.7 will point at [0-9a-f]{12} again, as in revision 1, and be held/);
      await page.getByRole("button", { name: "Confirm" }).click();
      await page.waitForURL(/\/t\/1\.7\/history/);
      assert.match(await page.getByRole("table", { name: "History" }).locator("tbody tr").first().innerText(), /Rolled back/);
      assert.equal(await digest("1.7"), first);
      assert.match(await main.innerText(), /Held here by admin/);
      await page.getByRole("button", { name: "Import again" }).first().click();
      assert.match(await jobEnded(page), /succeeded$/);
      assert.match(await main.innerText(), /Held/);
      assert.equal(await digest("1.7"), first);

      // Released, it goes back to what upstream has.
      await page.getByRole("link", { name: "Release" }).click();
      await page.waitForURL(/\/release/);
      await page.getByRole("button", { name: "Confirm" }).click();
      await page.waitForURL(/\/t\/1\.7$/);
      await until("the released tag to be imported", async () => (await digest("1.7")) === moved.digest.slice(7, 19));

      // All tags become strict at once, insecure at once, and each undo gives back what was before.
      const insecure = async () => {
        await page.goto(`${stream}?size=250`);
        return page.getByRole("table", { name: "Tags" }).locator("tbody tr", { hasText: "Insecure" }).count();
      };
      const setAll = async (connection) => {
        await page.goto(`${stream}/tags/policies?all=1`);
        await page.getByRole("group", { name: "Connections" }).getByRole("radio", { name: connection }).check();
        await page.getByRole("button", { name: "Preview" }).click();
        await page.waitForURL(/preview=1/);
        assert.match(await main.innerText(), /The policies of 300 tags of team\/app will change/);
        await page.getByRole("button", { name: "Confirm" }).click();
        await page.waitForURL(/done=/);
        return page.getByRole("link", { name: "Undo" }).getAttribute("href");
      };
      const undo = async (href) => {
        await page.goto(home.url + href);
        assert.match(await main.innerText(), /300 changes of policies will be undone/);
        await page.getByRole("button", { name: "Confirm" }).click();
        await page.waitForURL((at) => at.pathname === "/s/team/app");
      };
      assert.equal(await insecure(), 250);
      const strict = await setAll("Strict");
      assert.equal(await insecure(), 0);
      const loose = await setAll("Insecure allowed");
      assert.equal(await insecure(), 250);
      await undo(loose);
      assert.equal(await insecure(), 0);
      await undo(strict);
      assert.equal(await insecure(), 250);

      // What the changes had imported again is over before upstream moves.
      await until("the imports to end", async () => {
        await page.goto(`${home.url}/imports`);
        return !/Pending|Importing/.test(await page.getByRole("table", { name: "Imports" }).innerText());
      });

      // A scheduled tag finds what was pushed upstream without any call.
      await page.goto(`${stream}/tags/policies?tag=1.9`);
      await page.getByRole("radio", { name: "At the server's period" }).check();
      await page.getByRole("button", { name: "Preview" }).click();
      await page.waitForURL(/preview=1/);
      await page.getByRole("button", { name: "Confirm" }).click();
      await page.waitForURL(/\/t\/1\.9\?done=/);
      assert.match(await main.innerText(), /every 5s, as the server says/);
      const pushed = await move(registry, "app", "1.9", database.length);
      const found = pushed.digest.slice(7, 19);
      if (scripts) {
        // The open page shows it without being loaded anew, and what was typed and opened meanwhile stays.
        await page.evaluate(() => { window.stayed = true; });
        await page.locator("summary", { hasText: "admin" }).click();
        await until("the open page to show the new image", async () => (await main.locator(".digest").first().innerText()).includes(found));
        assert.equal(await page.evaluate(() => window.stayed && [...document.querySelectorAll("details")].some((menu) => menu.open)), true);
        await page.getByRole("button", { name: "Copy digest" }).first().click();
        await until("the copied digest to be said", async () => (await page.getByText("Copied", { exact: true }).count()) === 1);
      } else {
        await until("the schedule to find the new image", async () => (await digest("1.9")) === found);
      }
      await page.goto(`${stream}/t/1.9/history`);
      assert.match(await page.getByRole("table", { name: "History" }).locator("tbody tr").first().innerText(), /schedule/);
      assert.deepEqual(page.troubles, []);
      await page.context().close();
    } finally {
      await home.remove();
    }
  });
}
