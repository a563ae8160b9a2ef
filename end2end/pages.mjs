// Every page there is, with something on it: what is looked at by people (screens.mjs) and by the accessibility check (axe.test.mjs).
import { populate } from "./registry.mjs";
import { jobEnded, newPage, signIn } from "./weir.mjs";

const tags = Array.from({ length: 60 }, (_, i) => `${1 + Math.floor(i / 10)}.${i % 10}`);

/** Light, dark and 390 px wide: how each page is looked at. */
export const looks = {
  light: { colorScheme: "light", viewport: { width: 1440, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1440, height: 900 } },
  narrow: { colorScheme: "light", viewport: { width: 390, height: 844 } },
};

/** Widths between a phone and a large window, where tables are most likely to have no room. */
export const widths = [320, 390, 768, 900, 1024, 1100, 1280];

/** How many pixels a page is wider than its window. */
export const tooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

/** Fills a started home with streams, changes and credentials. Returns the paths of the pages by name; sign in to see them. */
export async function fill(browser, registry, home) {
  await populate(registry, "ruby", tags);
  const page = await newPage(browser);
  await signIn(page, home.url);
  const query = (more) => new URLSearchParams({ namespace: "shop", name: "ruby", source: `${registry.host}/ruby`, tags: "all", preview: "1", ...more });
  const failed = `/streams/new?${query({})}`;
  const preview = `/streams/new?${query({ insecure: "on" })}`;
  await page.goto(home.url + preview);
  await page.getByRole("button", { name: "Confirm" }).click();
  await jobEnded(page);
  const job = new URL(page.url()).pathname;
  const tagPreview = (source, destination, mode) => `/s/shop/ruby/tag?preview=1&source=${source}&destination=${destination}&mode=${mode}`;
  for (const [source, destination, mode] of [["6.0", "latest", "fixed"], ["5.0", "edge", "follow"], ["4.0", "latest", "fixed"], ["4.0", "v4.0.1-may-2016", "fixed"]]) {
    await page.goto(home.url + tagPreview(source, destination, mode));
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.waitForURL((at) => at.pathname === "/s/shop/ruby");
  }
  // For the graph: followers in other streams and back, and one whose followed tag is gone.
  for (const [source, destination] of [["5.0", "shop/web:base"], ["shop/web:base", "mirror"], ["edge", "far"], ["5.0", "shop/gone:base"], ["shop/gone:base", "lost"]]) {
    await page.goto(home.url + tagPreview(source, destination, "follow"));
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.waitForURL((at) => !at.searchParams.has("preview"));
  }
  await page.goto(`${home.url}/s/shop/gone/delete`);
  await page.getByLabel("Type the stream's name").fill("shop/gone");
  await page.getByRole("button", { name: "Delete the stream" }).click();
  await page.waitForURL((at) => at.pathname === "/streams");
  await page.goto(`${home.url}/s/shop/ruby/t/far/rollback?revision=1&after=held`);
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.waitForURL(/history/);
  await page.goto(`${home.url}/streams/new?${query({ name: "broken", tags: "chosen", chosen: "1.0, 9.9", insecure: "on" })}`);
  const hold = "/s/shop/ruby/t/latest/rollback?revision=1&after=held";
  await page.goto(home.url + hold);
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.waitForURL(/history/);
  await page.goto(`${home.url}/s/shop/ruby/tags/policies?tag=2.0&insecure=keep&pull=local&schedule=own&period=30m&preview=1`);
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.waitForURL(/done=/);
  const done = new URL(page.url());
  await page.goto(`${home.url}/streams/policies?stream=shop/web&preview=1&streams=yes`);
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.waitForURL(/done=/);
  const bulk = new URL(page.url()).searchParams.get("done");
  await page.goto(`${home.url}/s/shop/ruby/t/2.0`);
  const image = await page.locator("a[href*='/i/sha256:']").first().getAttribute("href");
  await page.goto(`${home.url}/credentials`);
  for (const [namespace, host] of [["shop", "quay.io/team"], ["", "*.example.com"]]) {
    await page.getByLabel("Namespace", { exact: true }).fill(namespace);
    await page.getByLabel("Registry", { exact: true }).fill(host);
    await page.getByLabel("User name").fill("team+robot");
    await page.getByLabel("Password or token").fill("secret");
    await page.getByRole("button", { name: "Save the credential" }).click();
    await page.getByRole("row", { name: host }).waitFor();
  }
  await page.goto(`${home.url}/apply`);
  await page.getByLabel("Namespace", { exact: true }).fill("shop");
  await page.getByLabel("Definition", { exact: true }).fill(`kind: ImageStream\napiVersion: v1\nmetadata: {name: php}\nspec:\n  tags:\n  - name: "8"\n    from: {kind: DockerImage, name: quay.io/org/php:8}\n    importPolicy: {insecure: true, scheduled: true}\n`);
  await page.getByRole("button", { name: "Preview" }).click();
  await page.waitForURL(/draft=/);
  const apply = new URL(page.url());
  await page.context().close();
  return {
    "streams-policies": "/streams/policies?all=1&preview=1&streams=yes&insecure=keep&pull=local&schedule=global", graph: "/s/shop/ruby/graph", "policy-report": "/policies", naming: "/s/shop/ruby/naming", compare: "/s/shop/ruby/compare?from=3.1%231&to=2.0", "apply-empty": "/apply", apply: apply.pathname + apply.search, definition: "/s/shop/ruby/t/2.0/definition",
    credentials: "/credentials", "stream-history": "/s/shop/ruby/history", "stream-history-tag": "/s/shop/ruby/history?tag=latest",
    rollback: "/s/shop/ruby/t/edge/rollback?revision=1&after=fixed", release: "/s/shop/ruby/t/latest/release", held: "/s/shop/ruby/t/latest",
    policies: "/s/shop/ruby/tags/policies?all=1&insecure=no&pull=keep&schedule=global&preview=1", done: done.pathname + done.search,
    "stream-policy": "/s/shop/ruby/policy?insecure=yes", undo: `/s/shop/ruby/undo?change=${done.searchParams.get("done")}`,
    overview: "/", streams: "/streams", new: "/streams/new", "new-preview": preview.replace("name=ruby", "name=php"),
    "new-options": preview.replace("name=ruby", "name=php") + "&pull=local&platforms=legacy&os=linux&architecture=arm64", "new-error": failed.replace("name=ruby", "name=php"), stream: "/s/shop/ruby", tag: "/s/shop/ruby/t/2.0", index: "/s/shop/ruby/t/2.4",
    history: "/s/shop/ruby/t/latest/history", "tag-form": "/s/shop/ruby/tag", "tag-preview": tagPreview("3.0", "edge", "fixed"),
    "tag-circle": tagPreview("edge", "5.0", "follow"), delete: "/s/shop/ruby/tags/delete?tag=5.0", "delete-stream": "/s/shop/ruby/delete",
    describe: "/s/shop/ruby/describe", "describe-legacy": "/s/shop/ruby/describe?layout=legacy", past: "/s/shop/ruby?at=2100-01-01",
    "tag-options": "/s/shop/ruby/tag?source=quay.io/org/app:1&destination=web&mode=follow&pull=local&period=30m",
    import: "/s/shop/ruby/import", "stream-imports": "/s/shop/ruby/imports", "tag-describe": "/s/shop/ruby/t/2.0/describe",
    image, "image-describe": `${image}/describe`, "image-definition": `${image}/definition`, "stream-definition": "/s/shop/ruby/definition",
    "streams-undo": `/streams/undo?change=${bulk}`, setup: "/setup?token=x", failed: "/s/shop/ruby?state=failed",
    tokens: "/account/tokens", namespace: "/n/shop/settings", storage: "/storage", jobs: "/imports", job, missing: "/s/shop/nothing",
  };
}
