// Podman at the registry: signs in, pulls by tag and by digest, again when the upstream is gone, and pushes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pushFile, startRegistry } from "./registry.mjs";
import { jobEnded, newHome, newPage, openBrowser, signIn } from "./weir.mjs";

let browser, folder;

before(async () => {
  browser = await openBrowser();
  folder = await mkdtemp(join(tmpdir(), "weir-podman-"));
});
after(async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Runs podman with images of its own; exit code and what it said. */
async function podman(...words) {
  const own = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"];
  const child = spawn("podman", [...own, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: folder, XDG_RUNTIME_DIR: folder },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (bytes) => (out += bytes));
  child.stderr.on("data", (bytes) => (err += bytes));
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, out: out.trim(), err };
}

for (const database of ["sqlite", "postgres"]) {
  test(`podman pulls and pushes on ${database}`, async () => {
    const [home, registry] = await Promise.all([newHome(database), startRegistry()]);
    try {
      const digest = await pushFile(registry, "team/tool", "1.0", "motd", `for ${database}\n`);
      await home.start();
      const page = await newPage(browser);
      await signIn(page, home.url);
      const query = new URLSearchParams({ namespace: "shop", name: "tool", source: `${registry.host}/team/tool`, tags: "all", insecure: "on", preview: "1" });
      await page.goto(`${home.url}/streams/new?${query}`);
      await page.getByRole("button", { name: "Confirm" }).click();
      assert.match(await jobEnded(page), /succeeded$/);

      const host = new URL(home.url).host;
      const plain = "--tls-verify=false";
      const closed = await podman("pull", plain, `${host}/shop/tool:1.0`);
      assert.notEqual(closed.code, 0, "without a token");
      assert.match(closed.err, /sign in with an API token/);
      const token = await home.command("token", "create", "--user", "admin", "--name", "podman", "--expires", "1h");
      const login = await podman("login", plain, "-u", "ci", "-p", token, host);
      assert.equal(login.code, 0, login.err);

      for (const name of ["shop/tool:1.0", `shop/tool@${digest}`]) {
        const pulled = await podman("pull", plain, `${host}/${name}`);
        assert.equal(pulled.code, 0, pulled.err);
        const image = await podman("image", "inspect", "--format", "{{.Digest}}", `${host}/${name}`);
        assert.equal(image.out, digest, image.err);
      }
      assert.equal((await podman("rmi", "--all", "--force")).code, 0);
      await registry.stop();
      const again = await podman("pull", plain, `${host}/shop/tool:1.0`);
      assert.equal(again.code, 0, `the upstream is gone: ${again.err}`);

      const pushed = await podman("push", plain, `${host}/shop/tool:1.0`, `${host}/shop/copy:1.0`);
      assert.equal(pushed.code, 0, pushed.err);
      await page.goto(`${home.url}/s/shop/copy/t/1.0/history`);
      await page.getByText("Pushed").first().waitFor();
      const misnamed = await podman("push", plain, `${host}/shop/tool:1.0`, `${host}/single:1.0`);
      assert.match(misnamed.err, /its name has two parts, namespace\/stream/);
      assert.equal((await podman("rmi", "--all", "--force")).code, 0);
    } finally {
      await home.remove();
      await registry.stop();
    }
  });
}
