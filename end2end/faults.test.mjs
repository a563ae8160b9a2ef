// What stays of blobs when the program is killed while it writes them, and when the disk is full: nothing half, ever.
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { readdir, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, noise, pushLayer, startProxy, startRegistry, until } from "./registry.mjs";
import { jobEnded, newHome, newPage, openBrowser, signIn } from "./weir.mjs";

const LAYER = noise(12_000_000);
const DIGEST = digestOf(LAYER);
let browser, registry, proxy;

before(async () => {
  [browser, registry] = await Promise.all([openBrowser(), startRegistry()]);
  proxy = await startProxy(registry);
  await pushLayer(registry, "big", "1", LAYER);
});
after(async () => {
  await browser?.close();
  proxy?.stop();
  await registry?.stop();
});

/** A client of the registry of a home, with an import of the image with the layer behind it. */
async function newClient(home) {
  const page = await newPage(browser);
  await signIn(page, home.url);
  const query = new URLSearchParams({ namespace: "team", name: "big", source: `${proxy.host}/big`, tags: "all", insecure: "on", preview: "1" });
  await page.goto(`${home.url}/streams/new?${query}`);
  await page.getByRole("button", { name: "Confirm" }).click();
  assert.match(await jobEnded(page), /succeeded$/);
  await page.context().close();
  const token = await home.command("token", "create", "--user", "admin", "--name", "faults", "--expires", "1h");
  const authorization = `Bearer ${token}`;
  return {
    authorization,
    send: (method, path, body) => fetch(new URL(path, home.url), { method, body, headers: { authorization } }),
    /** The layer of a stream, whole. */
    pull: async (stream = "team/big") => {
      const answer = await fetch(`${home.url}/v2/${stream}/blobs/${DIGEST}`, { headers: { authorization } });
      const bytes = Buffer.from(await answer.arrayBuffer());
      return { status: answer.status, right: digestOf(bytes) === DIGEST, text: bytes.length < 10_000 ? bytes.toString() : "" };
    },
  };
}

const stored = (home) => join(home.data(), "blobs/sha256", DIGEST.slice(7, 9), DIGEST.slice(7));
const size = (path) => stat(path).then((found) => found.size, () => null);
/** Files below a folder of blobs, with their sizes. */
async function files(home, folder) {
  const place = join(home.data(), "blobs", folder);
  const names = await readdir(place, { recursive: true, withFileTypes: true }).catch(() => []);
  return Promise.all(names.filter((name) => name.isFile()).map((name) => size(join(name.parentPath, name.name))));
}
const grows = (home, folder) =>
  until(`bytes in ${folder}`, async () => (await files(home, folder)).some((bytes) => bytes > 1_000_000), { every: 20 });

for (const database of ["sqlite", "postgres"]) {
  test(`killed in the middle of a download, nothing half is served on ${database}`, async () => {
    const home = await newHome(database);
    try {
      proxy.mode = "open";
      await home.start();
      const client = await newClient(home);
      proxy.mode = "hold";
      const cut = client.pull();
      cut.catch(() => {});
      await grows(home, "temp");
      await home.end("SIGKILL");
      await assert.rejects(cut, "the client is cut off");
      assert.equal(await size(stored(home)), null);
      assert.notDeepEqual(await files(home, "temp"), [], "what the kill left");

      proxy.mode = "missing";
      await home.start();
      assert.deepEqual(await files(home, "temp"), [], "what was left is gone");
      assert.equal((await client.pull()).status, 404, "and was nobody's");
      proxy.mode = "open";
      const asked = proxy.asked;
      assert.deepEqual(await client.pull(), { status: 200, right: true, text: "" });
      assert.equal(proxy.asked, asked + 1);
      assert.equal(await size(stored(home)), LAYER.length);
      proxy.mode = "missing";
      assert.deepEqual(await client.pull(), { status: 200, right: true, text: "" });
    } finally {
      await home.remove();
    }
  });

  test(`killed in the middle of a push, the push goes on where it counted on ${database}`, async () => {
    const home = await newHome(database);
    try {
      proxy.mode = "open";
      await home.start();
      const client = await newClient(home);
      const begun = await client.send("POST", "/v2/team/pushed/blobs/uploads/");
      assert.equal(begun.status, 202);
      const place = begun.headers.get("location");
      const first = LAYER.subarray(0, 4_000_000);
      assert.equal((await client.send("PATCH", place, first)).status, 202);
      // More than half of the rest, and then nothing.
      const rest = LAYER.subarray(first.length);
      const patch = request(new URL(place, home.url), {
        method: "PATCH",
        headers: { authorization: client.authorization, "content-length": rest.length },
      });
      const cut = new Promise((resolve) => patch.once("error", resolve));
      patch.write(rest.subarray(0, 5_000_000));
      await until("the second part", async () => (await files(home, "uploads")).filter((bytes) => bytes > 1_000_000).length === 2, { every: 20 });
      await home.end("SIGKILL");
      await cut;

      await home.start();
      assert.equal((await client.pull("team/pushed")).status, 404);
      const there = await client.send("GET", place);
      assert.equal(there.status, 204);
      assert.equal(there.headers.get("range"), `0-${first.length - 1}`, "what was answered counts, and no more");
      assert.equal((await client.send("PATCH", place, rest)).status, 202);
      // Between the last byte and the end.
      await home.end("SIGKILL");
      await home.start();
      const done = await client.send("PUT", `${place}?digest=${DIGEST}`);
      assert.equal(done.status, 201, await done.text());
      assert.deepEqual(await client.pull("team/pushed"), { status: 200, right: true, text: "" });
      assert.deepEqual(await files(home, "uploads"), [], "nothing is left of it");
    } finally {
      await home.remove();
    }
  });

  test(`on a full disk pulls go through and pushes are refused until there is room, on ${database}`, async () => {
    const home = await newHome(database, {}, "40m");
    try {
      proxy.mode = "open";
      await home.start();
      const client = await newClient(home);
      const begun = await client.send("POST", "/v2/team/pushed/blobs/uploads/");
      assert.equal(begun.status, 202);
      const place = begun.headers.get("location");
      const { bavail, bsize } = await statfs(home.data());
      const ballast = join(home.data(), "ballast");
      await writeFile(ballast, Buffer.alloc(bavail * bsize - 6_000_000, 1));

      // Half of the layer has room: the disk refuses in the middle.
      for (let i = 0; i < 2; i += 1) {
        assert.deepEqual(await client.pull(), { status: 200, right: true, text: "" });
        assert.equal(await size(stored(home)), null);
        assert.deepEqual(await files(home, "temp"), [], "nothing half stays");
      }
      const refused = await client.send("PATCH", place, LAYER);
      assert.equal(refused.status, 500);
      const { errors } = await refused.json();
      assert.equal(errors[0].code, "UNKNOWN");
      assert.match(errors[0].message, /no room left on the disk/);
      assert.deepEqual(await files(home, "uploads"), [], "nothing half stays");
      assert.equal((await client.send("GET", "/v2/team/big/tags/list")).status, 200, "it goes on serving");

      await rm(ballast);
      assert.deepEqual(await client.pull(), { status: 200, right: true, text: "" });
      assert.equal(await size(stored(home)), LAYER.length);
      assert.equal((await client.send("PATCH", place, LAYER)).status, 202);
      assert.equal((await client.send("PUT", `${place}?digest=${DIGEST}`)).status, 201);
      proxy.mode = "missing";
      for (const stream of ["team/big", "team/pushed"]) {
        assert.deepEqual(await client.pull(stream), { status: 200, right: true, text: "" });
      }
    } finally {
      await home.remove();
    }
  });
}
