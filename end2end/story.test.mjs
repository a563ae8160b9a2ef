// The main story, in a real browser, with scripts and without, on both databases: sign in, import 60 tags of a real
// registry, watch, look, tag, follow, delete, and find it all again after a restart.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { move, populate, startRegistry } from "./registry.mjs";
import { jobEnded, newHome, newPage, openBrowser, signIn } from "./weir.mjs";

const TAGS = Array.from({ length: 60 }, (_, i) => `${1 + Math.floor(i / 10)}.${i % 10}`);
let browser, registry, digests;

before(async () => {
  [browser, registry] = await Promise.all([openBrowser(), startRegistry()]);
  digests = await populate(registry, "ruby", TAGS);
});
after(async () => {
  await browser?.close();
  await registry?.stop();
});

/** The tags a stream page lists, over all its pages. */
async function listTags(page, url) {
  const tags = [];
  await page.goto(url);
  for (;;) {
    const table = page.getByRole("table", { name: "Tags" });
    tags.push(...(await table.locator("tbody th[scope=row] a").allInnerTexts()));
    const next = page.getByRole("link", { name: /^(Next|Older)/ });
    if ((await next.count()) === 0) return [...new Set(tags.map((tag) => tag.trim()))];
    await next.first().click();
    await page.waitForLoadState();
  }
}

async function fits(page) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${page.url()} is ${wide} px too wide`);
}

for (const database of ["sqlite", "postgres"]) {
  for (const scripts of [true, false]) {
    test(`the whole story works on ${database}, scripts ${scripts ? "on" : "off"}`, async () => {
      const home = await newHome(database);
      try {
        await home.start();
        const page = await newPage(browser, { javaScriptEnabled: scripts });
        const stream = `${home.url}/s/team/ruby`;

        // Anonymous visitors are asked to sign in, wrong passwords are refused.
        await page.goto(`${home.url}/streams`);
        assert.match(page.url(), /\/login/);
        await page.getByLabel("User name").fill("admin");
        await page.getByLabel("Password").fill("wrong");
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.waitForLoadState();
        assert.match(page.url(), /\/login/);
        await signIn(page, home.url);

        // Bad input: strict HTTPS against a plain registry is a field error, and nothing is made.
        const fill = async (insecure) => {
          await page.goto(`${home.url}/streams/new`);
          await page.getByLabel("Namespace", { exact: true }).fill("team");
          await page.getByLabel("Name", { exact: true }).fill("ruby");
          await page.getByLabel("Source repository").fill(`${registry.host}/ruby`);
          await page.getByRole("radio", { name: "All tags" }).check();
          if (insecure) await page.getByLabel("Insecure registry").check();
          await page.getByRole("button", { name: "Preview" }).click();
          await page.waitForLoadState();
        };
        await fill(false);
        assert.match(await page.locator("main").innerText(), /HTTP response to HTTPS client/);
        assert.equal((await page.request.get(stream)).status(), 404);

        // Preview, then confirm; watch the import.
        await fill(true);
        assert.match(await page.locator("main").innerText(), /60 tags/);
        await page.getByRole("button", { name: "Confirm" }).click();
        const ended = await jobEnded(page);
        assert.match(ended, /50 of 50 tags.*10 left out.*succeeded$/);
        await fits(page);

        // The cap left ten out; they are one click away.
        assert.equal((await listTags(page, stream)).length, 50);
        await page.goto(stream);
        await page.getByRole("button", { name: "Import the remaining 10" }).click();
        assert.match(await jobEnded(page), /10 of 10 tags.*succeeded$/);
        assert.deepEqual((await listTags(page, stream)).sort(), [...TAGS].sort());

        // Look at an image, and at one for several platforms.
        await page.goto(`${stream}/t/2.0`);
        const main = page.locator("main");
        assert.match(await main.innerText(), new RegExp(digests.get("2.0").slice(7, 19)));
        for (const part of ["APP_VERSION=2.0", "/entrypoint", "8080/tcp", "org.opencontainers.image.version", "linux/amd64"]) {
          assert.ok((await main.innerText()).includes(part) || (await main.textContent()).includes(part), part);
        }
        await fits(page);
        await page.goto(`${stream}/t/1.4`);
        await page.locator("a[href*='/i/sha256:']", { hasText: /linux\/arm64|[0-9a-f]{12}/ }).first().click();
        await page.waitForURL(/\/i\/sha256:/);
        assert.match(await main.innerText(), /APP_VERSION|linux\/(amd64|arm64)/);

        // Tag ruby:2.0 as ruby:latest, and let edge follow 3.0.
        const tag = async (source, destination, mode) => {
          await page.goto(`${stream}/tag`);
          await page.getByLabel("Source", { exact: true }).fill(source);
          await page.getByLabel("Destination", { exact: true }).fill(destination);
          await page.getByRole("radio", { name: mode }).check();
          await page.getByRole("button", { name: "Preview" }).click();
          await page.waitForLoadState();
        };
        await tag("ruby:2.0", "ruby:latest", "Fixed");
        assert.match(await main.innerText(), /ruby:latest will point at what ruby:2\.0 is now/);
        await page.getByRole("button", { name: "Confirm" }).click();
        await page.waitForURL((at) => at.pathname.startsWith("/s/team/ruby") && !at.pathname.endsWith("/tag"));
        await tag("3.0", "edge", "Follow");
        await page.getByRole("button", { name: "Confirm" }).click();
        await page.waitForURL((at) => at.pathname.startsWith("/s/team/ruby") && !at.pathname.endsWith("/tag"));
        assert.equal((await listTags(page, stream))[0], "latest");

        // Several at once, one of them in a stream that comes to be with it.
        await tag("edge", "tools shop/web:base", "Follow");
        assert.match(await main.innerText(), /shop\/web will be created\. web:base will follow team\/ruby:edge/);
        await page.getByRole("button", { name: "Confirm" }).click();
        await page.waitForURL((at) => at.pathname === "/s/team/ruby");

        // A circle is refused with its way round, and changes nothing.
        await tag("edge", "3.0", "Follow");
        assert.match(await main.innerText(), /circle: 3\.0 → edge → 3\.0/);

        // Upstream moves 3.0; importing again moves edge with it.
        const moved = await move(registry, "ruby", "3.0", database.length + (scripts ? 1 : 2));
        await page.goto(`${stream}/t/3.0`);
        await page.getByRole("button", { name: "Import again" }).first().click();
        assert.match(await jobEnded(page), /1 of 1 tag.*succeeded$/);
        const history = async (name, of = stream) => {
          await page.goto(`${of}/t/${name}/history`);
          const rows = page.getByRole("table", { name: "History" }).locator("tbody tr");
          return rows.allInnerTexts();
        };
        const edge = await history("edge");
        assert.equal(edge.length, 2);
        assert.ok(edge[0].includes(moved.digest.slice(7, 19)) && /follow/i.test(edge[0]), edge[0]);
        assert.equal((await history("latest")).length, 1);
        const base = await history("base", `${home.url}/s/shop/web`);
        assert.ok(base.length === 2 && base[0].includes(moved.digest.slice(7, 19)) && /follow/i.test(base[0]), base[0]);

        // Delete a tag: preview, confirm, gone.
        await page.goto(`${stream}/tags/delete?tag=6.9`);
        await page.getByRole("button", { name: "Confirm" }).click();
        await page.waitForURL((at) => !at.pathname.endsWith("/delete"));
        assert.equal((await page.request.get(`${stream}/t/6.9`)).status(), 404);

        // After a restart everything is there, and the session too.
        // No page is open meanwhile: the browser fetches the icon when it likes, and would miss the server.
        await page.goto("about:blank");
        await home.end("SIGTERM");
        await home.start();
        const tags = await listTags(page, stream);
        assert.equal(tags.length, 62);
        assert.ok(tags.includes("latest") && !tags.includes("6.9"));
        assert.equal((await history("edge")).length, 2);
        await page.goto(`${home.url}/imports`);
        assert.equal(await page.getByRole("table", { name: "Imports" }).locator("tbody tr").count(), 3);

        // No page of the story is broken at phone width.
        await page.setViewportSize({ width: 320, height: 800 });
        for (const path of ["/", "/streams", "/streams/new", "/s/team/ruby", "/s/team/ruby/t/2.0", "/s/team/ruby/t/edge/history", "/s/team/ruby/tag", "/s/team/ruby/import", "/s/team/ruby/history", "/s/team/ruby/naming", "/s/team/ruby/definition", "/apply", "/s/team/ruby/tags/policies?all=1", "/credentials", "/imports"]) {
          await page.goto(home.url + path);
          await fits(page);
        }
        assert.deepEqual(page.troubles, []);
        await page.context().close();
      } finally {
        await home.remove();
      }
    });
  }
}
