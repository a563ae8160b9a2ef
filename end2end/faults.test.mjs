// What stays of blobs when the program is killed while it writes them, and when the disk or the bucket is full: nothing half,
// ever.
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { readdir, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, noise, pushLayer, startProxy, startRegistry, until } from "./registry.mjs";
import { startBucket } from "./bucket.mjs";
import { jobEnded, newHome, newPage, openBrowser, signIn } from "./weir.mjs";

const LAYER = noise(12_000_000);
const DIGEST = digestOf(LAYER);
/** As large, and nobody has it. */
const OTHER = Buffer.from(LAYER).reverse();
const WHOLE = { status: 200, right: true, text: "" };
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
    /** A blob of a stream, whole. */
    pull: async (stream = "team/big", blob = LAYER) => {
      const digest = digestOf(blob);
      const answer = await fetch(`${home.url}/v2/${stream}/blobs/${digest}`, { headers: { authorization } });
      const bytes = Buffer.from(await answer.arrayBuffer());
      return { status: answer.status, right: digestOf(bytes) === digest, text: bytes.length < 10_000 ? bytes.toString() : "" };
    },
  };
}

const size = (path) => stat(path).then((found) => found.size, () => null);
/** Files below a folder, with their sizes. */
async function files(place) {
  const names = await readdir(place, { recursive: true, withFileTypes: true }).catch(() => []);
  return Promise.all(names.filter((name) => name.isFile()).map((name) => size(join(name.parentPath, name.name))));
}

/** A home with its blobs in a folder or a bucket, and what is there: of a bucket, its objects. */
async function newPlace(database, blobs, room = null) {
  const bucket = blobs === "bucket" ? await startBucket() : null;
  const home = await newHome(database, bucket?.env, room);
  const local = () => join(home.data(), "blobs");
  return {
    home,
    bucket,
    /** Bytes under the digest of a blob. */
    stored: (blob = LAYER) => {
      const hex = digestOf(blob).slice("sha256:".length);
      return size(join(bucket?.objects ?? local(), "sha256", hex.slice(0, 2), hex));
    },
    temp: () => files(join(local(), "temp")),
    uploads: async () => [
      ...(await files(join(local(), "uploads"))),
      ...(bucket ? await files(join(bucket.objects, "uploads")) : []),
    ],
    remove: async () => {
      await home.remove();
      await bucket?.stop();
    },
  };
}

/** Nobody waits until what was pulled lasts. */
const keeps = (place) => until("the layer to last", async () => (await place.stored()) === LAYER.length, { every: 20 });
const givesUp = (place) => until("the download to end", async () => (await place.temp()).length === 0, { every: 20 });
const large = (sizes) => sizes.filter((bytes) => bytes > 1_000_000).length;

for (const [database, blobs] of [["sqlite", "folder"], ["postgres", "bucket"]]) {
  test(`killed in the middle of a download, nothing half is served on ${database} and a ${blobs}`, async () => {
    const place = await newPlace(database, blobs);
    const { home } = place;
    try {
      proxy.mode = "open";
      await home.start();
      const client = await newClient(home);
      proxy.mode = "hold";
      const cut = client.pull();
      cut.catch(() => {});
      await until("bytes of the layer", async () => large(await place.temp()) > 0, { every: 20 });
      await home.end("SIGKILL");
      await assert.rejects(cut, "the client is cut off");
      assert.equal(await place.stored(), null);
      assert.notDeepEqual(await place.temp(), [], "what the kill left");

      proxy.mode = "missing";
      await home.start();
      assert.deepEqual(await place.temp(), [], "what was left is gone");
      assert.equal((await client.pull()).status, 404, "and was nobody's");
      proxy.mode = "open";
      const asked = proxy.asked;
      assert.deepEqual(await client.pull(), WHOLE);
      assert.equal(proxy.asked, asked + 1);
      await keeps(place);
      proxy.mode = "missing";
      assert.deepEqual(await client.pull(), WHOLE);
    } finally {
      await place.remove();
    }
  });

  test(`killed in the middle of a push, the push goes on where it counted on ${database} and a ${blobs}`, async () => {
    const place = await newPlace(database, blobs);
    const { home } = place;
    try {
      proxy.mode = "open";
      await home.start();
      const client = await newClient(home);
      const begun = await client.send("POST", "/v2/team/pushed/blobs/uploads/");
      assert.equal(begun.status, 202);
      const upload = begun.headers.get("location");
      const first = LAYER.subarray(0, 4_000_000);
      assert.equal((await client.send("PATCH", upload, first)).status, 202);
      // More than half of the rest, and then nothing.
      const rest = LAYER.subarray(first.length);
      const patch = request(new URL(upload, home.url), {
        method: "PATCH",
        headers: { authorization: client.authorization, "content-length": rest.length },
      });
      const cut = new Promise((resolve) => patch.once("error", resolve));
      patch.write(rest.subarray(0, 5_000_000));
      await until("the second part", async () => large(await place.uploads()) === 2, { every: 20 });
      await home.end("SIGKILL");
      await cut;

      await home.start();
      assert.equal((await client.pull("team/pushed")).status, 404);
      const there = await client.send("GET", upload);
      assert.equal(there.status, 204);
      assert.equal(there.headers.get("range"), `0-${first.length - 1}`, "what was answered counts, and no more");
      assert.equal((await client.send("PATCH", upload, rest)).status, 202);
      // Between the last byte and the end.
      await home.end("SIGKILL");
      await home.start();
      const done = await client.send("PUT", `${upload}?digest=${DIGEST}`);
      assert.equal(done.status, 201, await done.text());
      assert.deepEqual(await client.pull("team/pushed"), WHOLE);
      assert.deepEqual(await place.uploads(), [], "nothing is left of it");
    } finally {
      await place.remove();
    }
  });
}

test("killed while a blob goes to the bucket, it is there whole or not at all", async () => {
  const place = await newPlace("postgres", "bucket");
  const { home, bucket } = place;
  /** All parts of the layer are there, and no object. */
  const sent = (before) =>
    until("the parts of the layer", async () => (await bucket.unfinished()).length === before.length + 2, { every: 20 });
  try {
    proxy.mode = "open";
    await home.start();
    const client = await newClient(home);
    await bucket.tell("hold");
    assert.deepEqual(await client.pull(), WHOLE, "who reads does not wait for the bucket");
    await sent([]);
    await home.end("SIGKILL");
    assert.equal(await place.stored(), null);

    proxy.mode = "missing";
    await bucket.tell("mend");
    await home.start();
    assert.deepEqual(await place.temp(), [], "what was left is gone");
    assert.equal((await client.pull()).status, 404, "parts are no blob");
    proxy.mode = "open";
    assert.deepEqual(await client.pull(), WHOLE);
    await keeps(place);

    // The same at the end of a push, of a blob the stream does not have.
    const begun = await client.send("POST", "/v2/team/pushed/blobs/uploads/");
    const upload = begun.headers.get("location");
    assert.equal((await client.send("PATCH", upload, OTHER)).status, 202);
    const left = await bucket.unfinished();
    await bucket.tell("hold");
    const cut = client.send("PUT", `${upload}?digest=${digestOf(OTHER)}`);
    cut.catch(() => {});
    await sent(left);
    await home.end("SIGKILL");
    await assert.rejects(cut, "the client is cut off");
    await bucket.tell("mend");
    await home.start();
    assert.equal(await place.stored(OTHER), null, "parts are no blob");
    assert.equal((await client.pull("team/pushed", OTHER)).status, 404);
    const done = await client.send("PUT", `${upload}?digest=${digestOf(OTHER)}`);
    assert.equal(done.status, 201, await done.text());
    assert.deepEqual(await client.pull("team/pushed", OTHER), WHOLE);
    assert.deepEqual(await place.uploads(), [], "nothing is left of it");
    assert.deepEqual(await place.temp(), []);
  } finally {
    await place.remove();
  }
});

for (const [database, blobs] of [["sqlite", "disk"], ["postgres", "disk"], ["postgres", "bucket"]]) {
  test(`on a full ${blobs} pulls go through and pushes are refused until there is room, on ${database}`, async () => {
    const place = await newPlace(database, blobs, blobs === "disk" ? "40m" : null);
    const { home, bucket } = place;
    const ballast = () => join(home.data(), "ballast");
    /** Half of the layer has room: it is refused in the middle. */
    const fill = async () => {
      if (bucket) return bucket.tell("room 9000000");
      const { bavail, bsize } = await statfs(home.data());
      return writeFile(ballast(), Buffer.alloc(bavail * bsize - 6_000_000, 1));
    };
    const nothingHalf = async () => {
      await givesUp(place);
      assert.equal(await place.stored(), null);
      assert.deepEqual(await place.uploads(), []);
      assert.deepEqual(await bucket?.unfinished() ?? [], []);
    };
    try {
      proxy.mode = "open";
      await home.start();
      const client = await newClient(home);
      const begun = await client.send("POST", "/v2/team/pushed/blobs/uploads/");
      assert.equal(begun.status, 202);
      const upload = begun.headers.get("location");

      await fill();
      for (let i = 0; i < 2; i += 1) {
        assert.deepEqual(await client.pull(), WHOLE);
        await nothingHalf();
        if (bucket) await fill();
      }
      const refused = await client.send("PATCH", upload, LAYER);
      assert.equal(refused.status, 500);
      const { errors } = await refused.json();
      assert.equal(errors[0].code, "UNKNOWN");
      assert.match(errors[0].message, bucket ? /where Weir keeps blobs refuses it/ : /no room left on the disk/);
      await nothingHalf();
      assert.equal((await client.send("GET", "/v2/team/big/tags/list")).status, 200, "it goes on serving");

      await (bucket ? bucket.tell("mend") : rm(ballast()));
      assert.deepEqual(await client.pull(), WHOLE);
      await keeps(place);
      assert.equal((await client.send("PATCH", upload, LAYER)).status, 202);
      assert.equal((await client.send("PUT", `${upload}?digest=${DIGEST}`)).status, 201);
      proxy.mode = "missing";
      for (const stream of ["team/big", "team/pushed"]) assert.deepEqual(await client.pull(stream), WHOLE);
    } finally {
      await place.remove();
    }
  });
}
