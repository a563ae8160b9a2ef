// `kill -9` in the middle of a 1,000-tag import: after a restart it finishes, nothing doubled, nothing lost.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { populate, startRegistry, until } from "./registry.mjs";
import { jobEnded, newHome, newPage, openBrowser, signIn } from "./weir.mjs";

const TAGS = Array.from({ length: 1000 }, (_, i) => `1.${i}.0`);
let browser, registry, digests;

before(async () => {
  [browser, registry] = await Promise.all([openBrowser(), startRegistry()]);
  digests = await populate(registry, "big", TAGS);
});
after(async () => {
  await browser?.close();
  await registry?.stop();
});

for (const database of ["sqlite", "postgres"]) {
  test(`a killed import of 1,000 tags finishes after a restart on ${database}`, async () => {
    // Slow enough that the kill comes in the middle.
    const home = await newHome(database, { WEIR_MAX_TAGS_PER_IMPORT: "-1", WEIR_IMPORT_RPS: "400" });
    try {
      await home.start();
      const page = await newPage(browser);
      await signIn(page, home.url);
      const query = new URLSearchParams({ namespace: "team", name: "big", source: `${registry.host}/big`, tags: "all", insecure: "on", preview: "1" });
      await page.goto(`${home.url}/streams/new?${query}`);
      await page.getByRole("button", { name: "Confirm" }).click();
      await page.waitForURL(/\/imports\/[^/?]+/);
      const job = page.url();
      const progress = async () => (await page.request.get(`${job}/progress`)).json();
      const seen = await until("some tags to be done", async () => {
        const now = await progress();
        return now.done >= 200 ? now : null;
      }, { every: 20 });
      assert.ok(seen.done < 1000, `killed in the middle, at ${seen.done}`);
      await home.end("SIGKILL");
      await home.start({ WEIR_IMPORT_RPS: "0" });

      await page.goto(job);
      const text = await jobEnded(page);
      assert.match(text, /1\s000 of 1\s000 tags.*succeeded$/);
      const names = [];
      await page.goto(`${home.url}/s/team/big?size=250`);
      for (;;) {
        const rows = page.getByRole("table", { name: "Tags" }).locator("tbody tr");
        for (const row of await rows.allInnerTexts()) names.push(row.trim().split(/\s+/)[0]);
        const next = page.getByRole("link", { name: /^(Next|Older)/ });
        if ((await next.count()) === 0) break;
        await next.first().click();
        await page.waitForLoadState();
      }
      assert.equal(new Set(names).size, names.length, "no tag twice");
      assert.equal(names.length, 1000);
      // One revision each, of the image upstream: a batch that was cut off was written whole or not at all.
      await page.goto(`${home.url}/s/team/big/definition?format=json`);
      const stream = JSON.parse(await page.getByLabel("Definition").textContent());
      assert.equal(stream.spec.tags.length, 1000);
      const histories = new Map(stream.status.tags.map(({ tag, items }) => [tag, items.map(({ image }) => image)]));
      assert.equal(histories.size, 1000);
      for (const tag of TAGS) assert.deepEqual(histories.get(tag), [digests.get(tag)], tag);
    } finally {
      await home.remove();
    }
  });
}
