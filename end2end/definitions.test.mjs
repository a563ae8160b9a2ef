// Definitions, credentials and history in a real browser, with scripts and without: paste the YAML people have or choose
// its file, see what it would do, apply it, export it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { populate, startRegistry } from "./registry.mjs";
import { newHome, newPage, openBrowser, signIn } from "./weir.mjs";

let browser, registry;

before(async () => {
  [browser, registry] = await Promise.all([openBrowser(), startRegistry()]);
  await populate(registry, "ruby", ["2.6", "2.7"]);
});
after(async () => {
  await browser?.close();
  await registry?.stop();
});

for (const [database, scripts] of [["sqlite", false], ["postgres", true]]) {
  test(`a definition is pasted, applied and exported on ${database}, scripts ${scripts ? "on" : "off"}`, async () => {
    const home = await newHome(database);
    try {
      await home.start();
      const page = await newPage(browser, { javaScriptEnabled: scripts });
      const main = page.locator("main");
      await signIn(page, home.url);

      const preview = async (text, namespace = "shop") => {
        await page.goto(`${home.url}/apply`);
        await page.getByLabel("Namespace", { exact: true }).fill(namespace);
        await page.getByLabel("Definition", { exact: true }).fill(text);
        await page.getByRole("button", { name: "Preview" }).click();
        await page.waitForURL(/draft=/);
      };

      // What is wrong is listed with where, and nothing is lost.
      const wrong = "kind: ImageStream\napiVersion: v1\nmetadata:\n  name: ruby\nspec:\n  tags:\n  - name: mytag\n    from: {kind: Nothing, name: x}\n";
      await preview(wrong);
      assert.match(await main.innerText(), /spec\.tags\[0\]\.from\.kind/);
      assert.equal(await page.getByLabel("Definition", { exact: true }).inputValue(), wrong);

      // The shape of the older documents: a repository, insecure by annotation, and a tag with both policies.
      const text = [
        "apiVersion: \"v1\"",
        "kind: \"ImageStream\"",
        "metadata:",
        "  name: ruby",
        "  annotations:",
        "    openshift.io/image.insecureRepository: \"true\"",
        "spec:",
        `  dockerImageRepository: ${registry.host}/ruby`,
        "  tags:",
        "  - name: mytag",
        "    from:",
        "      kind: DockerImage",
        `      name: ${registry.host}/ruby:2.6`,
        "    importPolicy:",
        "      insecure: true",
        "    referencePolicy:",
        "      type: Local",
        "",
      ].join("\n");
      // Chosen as a file it is previewed as when it is pasted; what is no text is refused beside the field.
      const choose = async (name, buffer, address) => {
        await page.goto(`${home.url}/apply?namespace=shop`);
        await page.getByLabel("File", { exact: true }).setInputFiles({ name, mimeType: "application/yaml", buffer });
        await page.getByRole("button", { name: "Read the file" }).click();
        await page.waitForURL(address);
      };
      await choose("ruby.yaml", Buffer.from([0xff, 0xfe, 0x6b, 0]), /__err=/);
      assert.match(await page.locator("#file-error").innerText(), /ruby\.yaml is not text in UTF-8/);
      await choose("ruby.yaml", Buffer.from(text), /draft=/);
      assert.equal(await page.getByLabel("Definition", { exact: true }).inputValue(), text);
      assert.match(await main.innerText(), /shop\/ruby will be created/);

      await preview(text);
      assert.match(await main.innerText(), /shop\/ruby will be created/);
      await page.getByRole("button", { name: "Confirm" }).click();
      await page.waitForURL((at) => at.pathname === "/s/shop/ruby");
      for (;;) {
        await page.goto(`${home.url}/s/shop/ruby`);
        const rows = await page.getByRole("table", { name: "Tags" }).locator("tbody tr", { hasText: "Up to date" }).count();
        if (rows === 3) break;
      }
      const mytag = page.getByRole("table", { name: "Tags" }).locator("tbody tr", { hasText: "mytag" });
      assert.match(await mytag.innerText(), /Insecure[\s\S]*Local/);

      // The export is what was pasted and more; applied again it changes nothing.
      await page.goto(`${home.url}/s/shop/ruby/definition`);
      const exported = await page.locator("pre.definition").innerText();
      for (const part of ["kind: ImageStream", "dockerImageRepository", "importPolicy", "type: Local", "sha256:"]) assert.ok(exported.includes(part), part);
      await preview(exported);
      assert.match(await main.innerText(), /shop\/ruby is so already: nothing will change/);

      // One image by the beginning of its digest, as the name says.
      const digest = exported.match(/sha256:([0-9a-f]{64})/)[1];
      await page.goto(`${home.url}/s/shop/ruby/i/${digest.slice(0, 7)}/definition?format=json`);
      const image = JSON.parse(await page.locator("pre.definition").innerText());
      assert.equal(image.metadata.name, `ruby@${digest.slice(0, 7)}`);
      assert.equal(image.image.metadata.name, `sha256:${digest}`);
      assert.ok(image.image.dockerImageMetadata.Config.Env.length > 0);

      // A name that can never move is said to be one: while it is typed, or with the preview.
      await page.goto(`${home.url}/s/shop/ruby/tag?source=2.7`);
      await page.getByLabel("Destination", { exact: true }).fill("ruby:v2.0.1-may-2016");
      if (!scripts) await page.getByRole("button", { name: "Preview" }).click();
      await page.getByText("names a date, so it will hardly ever move").waitFor();
      if (scripts) await page.getByRole("button", { name: "Preview" }).click();
      await page.waitForURL(/preview=1/);
      await page.getByRole("button", { name: "Confirm" }).click();
      await page.waitForURL((at) => at.pathname === "/s/shop/ruby");
      await page.goto(`${home.url}/s/shop/ruby/naming`);
      assert.match(await page.getByRole("table", { name: "Tags" }).innerText(), /v2\.0\.1-may-2016[\s\S]*A name that moves: v2\.0\./);
      await page.getByLabel("Select v2.0.1-may-2016").check();
      await page.getByRole("button", { name: "Delete…" }).click();
      await page.waitForURL(/tags\/delete/);
      await page.getByRole("button", { name: "Confirm" }).click();
      await page.waitForURL((at) => at.pathname === "/s/shop/ruby");

      // All of it is in the stream's history, and a credential is kept without being shown.
      await page.goto(`${home.url}/s/shop/ruby/history?tag=mytag`);
      assert.match(await page.getByRole("table", { name: "History" }).innerText(), /mytag pulled from[\s\S]*this registry/);
      await page.goto(`${home.url}/credentials`);
      await page.getByLabel("Namespace", { exact: true }).fill("shop");
      await page.getByLabel("Registry", { exact: true }).fill("quay.io/team");
      await page.getByLabel("User name").fill("team+robot");
      await page.getByLabel("Password or token").fill("very secret");
      await page.getByRole("button", { name: "Save the credential" }).click();
      await page.getByRole("row", { name: "quay.io/team" }).waitFor();
      assert.ok(!(await page.content()).includes("very secret"));
      await page.getByLabel("Remove the credential for quay.io/team").click();
      await page.getByRole("button", { name: "Remove quay.io/team" }).click();
      await page.getByText("No credentials yet").waitFor();
      assert.deepEqual(page.troubles, []);
      await page.context().close();
    } finally {
      await home.remove();
    }
  });
}
