// A real client (Debian's skopeo) at the registry: signs in with a token of the command line, lists tags, reads manifests of
// every kind by tag and by digest, and copies images out, indexes whole; signs what it pushes and verifies what it pulls.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { populate, startRegistry } from "./registry.mjs";
import { jobEnded, newHome, newPage, openBrowser, signIn } from "./weir.mjs";

// Docker and OCI images, and (every fifth) an index of each: see populate().
const TAGS = ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7", "1.8", "1.9"];
let browser, registry, folder, digests;

before(async () => {
  [browser, registry] = await Promise.all([openBrowser(), startRegistry()]);
  folder = await mkdtemp(join(tmpdir(), "weir-skopeo-"));
  digests = await populate(registry, "team/app", TAGS);
});
after(async () => {
  await browser?.close();
  await registry?.stop();
  // Its agent outlives gpg.
  await run("gpgconf", ["--kill", "all"]);
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Runs skopeo without anybody's configuration; exit code and what it said. */
const skopeo = (...words) => run("skopeo", words);

async function run(program, words) {
  const child = spawn(program, words, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: folder, XDG_RUNTIME_DIR: folder, GNUPGHOME: join(folder, "gnupg") },
  });
  const out = [];
  let err = "";
  child.stdout.on("data", (bytes) => out.push(bytes));
  child.stderr.on("data", (bytes) => (err += bytes));
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, out: Buffer.concat(out), err };
}

/** Makes a key without a passphrase; the file of its public half. */
async function newKey(user) {
  await mkdir(join(folder, "gnupg"), { mode: 0o700, recursive: true });
  const made = await run("gpg", ["--batch", "--passphrase", "", "--quick-generate-key", user, "default", "default", "never"]);
  assert.equal(made.code, 0, made.err);
  const key = await run("gpg", ["--batch", "--armor", "--export", user]);
  const file = join(folder, `${user}.asc`);
  await writeFile(file, key.out);
  return file;
}

const sha256 = (bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

for (const database of ["sqlite", "postgres"]) {
  test(`skopeo signs in, lists and pulls on ${database}`, async () => {
    const home = await newHome(database);
    try {
      await home.start();
      const page = await newPage(browser);
      await signIn(page, home.url);
      const query = new URLSearchParams({ namespace: "shop", name: "app", source: `${registry.host}/team/app`, tags: "all", insecure: "on", preview: "1" });
      await page.goto(`${home.url}/streams/new?${query}`);
      await page.getByRole("button", { name: "Confirm" }).click();
      assert.match(await jobEnded(page), /succeeded$/);

      const host = new URL(home.url).host;
      const at = `docker://${host}/shop/app`;
      const token = await home.command("token", "create", "--user", "admin", "--name", "skopeo", "--expires", "1h");
      const plain = "--tls-verify=false";

      const closed = await skopeo("list-tags", plain, at);
      assert.notEqual(closed.code, 0, "without a token");
      const wrong = await skopeo("login", plain, "-u", "ci", "-p", "weir_wrong", host);
      assert.notEqual(wrong.code, 0, "a wrong token");
      const login = await skopeo("login", plain, "-u", "ci", "-p", token, host);
      assert.equal(login.code, 0, login.err);

      const list = await skopeo("list-tags", plain, at);
      assert.equal(list.code, 0, list.err);
      assert.deepEqual(JSON.parse(list.out).Tags, TAGS);
      for (const tag of TAGS) {
        for (const name of [`:${tag}`, `@${digests.get(tag)}`]) {
          const read = await skopeo("inspect", "--raw", plain, `${at}${name}`);
          assert.equal(read.code, 0, read.err);
          assert.equal(sha256(read.out), digests.get(tag), name);
        }
      }
      for (const [i, tag] of TAGS.entries()) {
        for (const name of [`:${tag}`, `@${digests.get(tag)}`]) {
          const to = join(folder, `${database}-${i}${name[0] === "@" ? "-digest" : ""}`);
          const copied = await skopeo("copy", "--all", "--preserve-digests", "--src-tls-verify=false", `${at}${name}`, `dir:${to}`);
          assert.equal(copied.code, 0, `${name}: ${copied.err}`);
          assert.equal(sha256(await readFile(join(to, "manifest.json"))), digests.get(tag), name);
        }
      }
      assert.equal((await skopeo("logout", host)).code, 0);

      // Open to everybody, by the namespace's form.
      await page.goto(`${home.url}/n/shop/settings`);
      await page.getByLabel("Everybody may pull").check();
      await page.getByRole("button", { name: "Save the settings" }).click();
      await page.getByText("everybody may pull").first().waitFor();
      const open = await skopeo("inspect", "--raw", plain, `${at}:1.0`);
      assert.equal(open.code, 0, open.err);
      assert.deepEqual(page.troubles, []);
    } finally {
      await home.remove();
    }
  });

  test(`skopeo pushes every kind by tag and digest to ${database}, and the pages show it`, async () => {
    const home = await newHome(database);
    try {
      await home.start();
      const host = new URL(home.url).host;
      const page = await newPage(browser, { javaScriptEnabled: true });
      await signIn(page, home.url);
      await page.goto(`${home.url}/account/tokens`);
      await page.getByLabel("Name", { exact: true }).fill("ci");
      await page.getByRole("button", { name: "Make the token" }).click();
      const token = await page.locator("#new-token").innerText();
      const plain = "--dest-tls-verify=false";
      const login = await skopeo("login", "--tls-verify=false", "-u", "ci", "-p", token, host);
      assert.equal(login.code, 0, login.err);
      const copy = (from, to) => skopeo("copy", "--all", "--preserve-digests", "--src-tls-verify=false", plain, from, to);
      for (const tag of TAGS) {
        const from = `docker://${registry.host}/team/app:${tag}`;
        const copied = await copy(from, `docker://${host}/shop/pushed:${tag}`);
        assert.equal(copied.code, 0, `${tag}: ${copied.err}`);
        const read = await skopeo("inspect", "--raw", "--tls-verify=false", `docker://${host}/shop/pushed:${tag}`);
        assert.equal(sha256(read.out), digests.get(tag), tag);
        const digest = digests.get(tag);
        const again = await copy(from, `docker://${host}/shop/other@${digest}`);
        assert.equal(again.code, 0, `${digest}: ${again.err}`);
        const other = await skopeo("inspect", "--raw", "--tls-verify=false", `docker://${host}/shop/other@${digest}`);
        assert.equal(sha256(other.out), digest, tag);
      }
      // Within Weir, from one stream to another.
      const moved = await copy(`docker://${host}/shop/pushed:${TAGS[0]}`, `docker://${host}/shop/third:1`);
      assert.equal(moved.code, 0, moved.err);
      const gone = await skopeo("delete", "--tls-verify=false", `docker://${host}/shop/third:1`);
      assert.notEqual(gone.code, 0, "its tag's history has it");
      assert.match(gone.err, /tags of shop\/third have or had/);

      await page.goto(`${home.url}/s/shop/pushed/t/${TAGS[0]}/history`);
      await page.getByText("Pushed").first().waitFor();
      await page.goto(`${home.url}/s/shop/pushed`);
      await page.getByText(`docker push ${host}/shop/pushed:TAG`).first().waitFor({ state: "attached" });
      assert.deepEqual(page.troubles, []);
    } finally {
      await home.remove();
    }
  });

  test(`a token is made, shown once and revoked in the browser on ${database}`, async () => {
    const home = await newHome(database);
    try {
      await home.start();
      const host = new URL(home.url).host;
      for (const javaScriptEnabled of [true, false]) {
        const page = await newPage(browser, { javaScriptEnabled });
        await signIn(page, home.url);
        await page.goto(`${home.url}/account/tokens`);
        await page.getByLabel("Name", { exact: true }).fill("ci");
        await page.getByLabel("Expires").fill("12h");
        await page.getByRole("button", { name: "Make the token" }).click();
        const token = await page.locator("#new-token").innerText();
        assert.match(token, /^weir_[0-9a-f]{64}$/);
        const login = () => skopeo("login", "--tls-verify=false", "-u", "ci", "-p", token, host);
        assert.equal((await login()).code, 0);
        await page.reload();
        assert.equal(await page.locator("#new-token").count(), 0, "shown once");
        await page.getByLabel("Revoke the token ci").click();
        await page.getByRole("button", { name: "Revoke ci" }).click();
        await page.getByText("No API tokens yet").waitFor();
        assert.notEqual((await login()).code, 0, "revoked");
        assert.deepEqual(page.troubles, []);
      }
    } finally {
      await home.remove();
    }
  });
}

for (const database of ["sqlite", "postgres"]) {
  test(`skopeo signs what it pushes to ${database} and pulls only what is signed`, async () => {
    const home = await newHome(database);
    try {
      await home.start();
      const host = new URL(home.url).host;
      const token = await home.command("token", "create", "--user", "admin", "--name", "ci", "--expires", "1h");
      const login = await skopeo("login", "--tls-verify=false", "-u", "ci", "-p", token, host);
      assert.equal(login.code, 0, login.err);
      const [user, other] = [`signer-${database}@weir.test`, `other-${database}@weir.test`];
      const [key, otherKey] = [await newKey(user), await newKey(other)];
      // Nothing beside the registry holds signatures.
      const none = join(folder, "registries.d");
      await mkdir(none, { recursive: true });
      const plain = ["--src-tls-verify=false", "--dest-tls-verify=false", "--preserve-digests", "--all"];
      const copy = (from, to, ...more) => skopeo("--registries.d", none, ...more, "copy", ...plain, from, to);
      const push = (tag, to, ...sign) =>
        skopeo("--registries.d", none, "copy", ...plain, ...sign, `docker://${registry.host}/team/app:${tag}`, `docker://${host}/shop/${to}`);
      // A docker image, an OCI image and an index, whose images are signed as well.
      const [unsigned, ...signed] = ["1.0", "1.1", "1.2", "1.4"];
      for (const tag of signed) {
        const pushed = await push(tag, `signed:${tag}`, "--sign-by", user);
        assert.equal(pushed.code, 0, `${tag}: ${pushed.err}`);
        assert.match(pushed.err + pushed.out, /sign/i);
      }
      assert.equal((await push(unsigned, `signed:${unsigned}`)).code, 0);

      /** Pulls under a policy that takes only what this key signed. */
      const pull = async (name, keyPath, signedIdentity) => {
        const policy = join(folder, "policy.json");
        const rule = { type: "signedBy", keyType: "GPGKeys", keyPath, ...(signedIdentity ? { signedIdentity } : {}) };
        await writeFile(policy, JSON.stringify({ default: [{ type: "reject" }], transports: { docker: { [host]: [rule] } } }));
        const to = await mkdtemp(join(folder, "pulled-"));
        return copy(`docker://${host}/shop/${name}`, `dir:${to}`, "--policy", policy);
      };
      for (const tag of signed) {
        for (const name of [`signed:${tag}`, `signed@${digests.get(tag)}`]) {
          const pulled = await pull(name, key);
          assert.equal(pulled.code, 0, `${name}: ${pulled.err}`);
        }
        const wrong = await pull(`signed:${tag}`, otherKey);
        assert.notEqual(wrong.code, 0, "another's key");
      }
      const refused = await pull(`signed:${unsigned}`, key);
      assert.notEqual(refused.code, 0, "not signed");
      assert.match(refused.err, /signature was required/i);

      // Signed once more by somebody else: both are there, and either will do.
      assert.equal((await push(signed[0], `signed:${signed[0]}`, "--sign-by", other)).code, 0);
      for (const file of [key, otherKey]) assert.equal((await pull(`signed:${signed[0]}`, file)).code, 0);

      // Another stream has the image without its signatures, until a client brings them along.
      const fixed = { type: "exactRepository", dockerRepository: `${host}/shop/signed` };
      assert.equal((await push(signed[0], `bare:1`)).code, 0);
      assert.notEqual((await pull("bare:1", key, fixed)).code, 0);
      const carried = await copy(`docker://${host}/shop/signed:${signed[0]}`, `docker://${host}/shop/carried:1`);
      assert.equal(carried.code, 0, carried.err);
      assert.equal((await pull("carried:1", key, fixed)).code, 0);
      assert.notEqual((await pull("carried:1", key)).code, 0, "signed under another name");

      const page = await newPage(browser);
      await signIn(page, home.url);
      await page.goto(`${home.url}/s/shop/signed/i/${digests.get(signed[0])}`);
      await page.getByText("2, not verified here").waitFor();
      await page.goto(`${home.url}/s/shop/signed/i/${digests.get(unsigned)}`);
      assert.equal(await page.getByText("not verified here").count(), 0);
      assert.deepEqual(page.troubles, []);
    } finally {
      await home.remove();
    }
  });
}
