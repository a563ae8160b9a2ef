// A real registry (Debian's docker-registry) on a free loopback port, and content for it. The same seed gives the same
// bytes and digests.
import { spawn } from "node:child_process";
import { createCipheriv, createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, request as httpRequest } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Waits until `look` gives something, asking every `every` ms; fails after `limit` ms. For other processes only. */
export async function until(what, look, { limit = 60_000, every = 50 } = {}) {
  const end = Date.now() + limit;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${limit} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

export async function startRegistry() {
  const folder = await mkdtemp(join(tmpdir(), "weir-registry-"));
  const port = await freePort();
  const config = join(folder, "config.yml");
  await writeFile(
    config,
    [
      "version: 0.1",
      "log: {level: error, accesslog: {disabled: true}}",
      "storage:",
      `  filesystem: {rootdirectory: '${folder}/blobs', maxthreads: 200}`,
      "  cache: {blobdescriptor: inmemory}",
      "  maintenance: {uploadpurging: {enabled: false}}",
      `http: {addr: '127.0.0.1:${port}', secret: end2end}`,
      "validation: {disabled: true}",
      "",
    ].join("\n"),
  );
  const child = spawn("docker-registry", ["serve", config], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
  });
  const url = `http://127.0.0.1:${port}`;
  await until("docker-registry", () => fetch(`${url}/v2/`).then((r) => r.ok, () => false));
  return {
    host: `127.0.0.1:${port}`,
    url,
    stop: async () => {
      child.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const digestOf = (bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

async function send(url, init, allowed) {
  const response = await fetch(url, init);
  if (!allowed.includes(response.status)) {
    throw new Error(`${init.method} ${url}: ${response.status} ${await response.text()}`);
  }
  await response.arrayBuffer();
  return response;
}

async function pushBlob(registry, repository, bytes) {
  const digest = digestOf(bytes);
  const start = await send(`${registry.url}/v2/${repository}/blobs/uploads/`, { method: "POST" }, [202]);
  const location = new URL(start.headers.get("location"), registry.url);
  location.searchParams.set("digest", digest);
  await send(location, { method: "PUT", body: bytes, headers: { "content-type": "application/octet-stream" } }, [201]);
  return digest;
}

const DOCKER = {
  manifest: "application/vnd.docker.distribution.manifest.v2+json",
  list: "application/vnd.docker.distribution.manifest.list.v2+json",
  config: "application/vnd.docker.container.image.v1+json",
  layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
};
const OCI = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  list: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};

async function pushManifest(registry, repository, reference, type, manifest) {
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = digestOf(bytes);
  const target = reference ?? digest;
  const url = `${registry.url}/v2/${repository}/manifests/${target}`;
  await send(url, { method: "PUT", body: bytes, headers: { "content-type": type } }, [201]);
  return { digest, size: bytes.length, mediaType: type };
}

let shared;
/** Pushes one image; `reference` null pushes by digest only. */
async function pushImage(registry, repository, reference, { kind, tag, architecture = "amd64", revision = 0 }) {
  const types = kind === "oci" ? OCI : DOCKER;
  if (shared?.key !== `${registry.url}/${repository}`) {
    const bytes = gzipSync(Buffer.alloc(40_000, "base"));
    shared = { key: `${registry.url}/${repository}`, digest: await pushBlob(registry, repository, bytes), size: bytes.length };
  }
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: "linux",
      author: "end2end",
      created: "2026-03-01T10:00:00Z",
      config: {
        Env: ["PATH=/usr/local/bin:/usr/bin", `APP_VERSION=${tag}`],
        Cmd: ["run", "--forever"],
        Entrypoint: ["/entrypoint"],
        ExposedPorts: { "8080/tcp": {} },
        Labels: { "org.opencontainers.image.version": tag, revision: String(revision) },
        User: "1001",
        WorkingDir: "/srv",
      },
      history: [
        { created: "2026-03-01T09:59:00Z", created_by: "ADD rootfs.tar.gz /" },
        { created: "2026-03-01T10:00:00Z", created_by: `ENV APP_VERSION=${tag}`, empty_layer: true },
      ],
      rootfs: { type: "layers", diff_ids: [shared.digest] },
    }),
  );
  const configDigest = await pushBlob(registry, repository, config);
  return pushManifest(registry, repository, reference, types.manifest, {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { mediaType: types.config, size: config.length, digest: configDigest },
    layers: [{ mediaType: types.layer, size: shared.size, digest: shared.digest }],
  });
}

async function pushIndex(registry, repository, tag, kind) {
  const types = kind === "oci" ? OCI : DOCKER;
  const manifests = [];
  for (const architecture of ["amd64", "arm64"]) {
    const child = await pushImage(registry, repository, null, { kind, tag, architecture });
    manifests.push({ ...child, platform: { os: "linux", architecture } });
  }
  return pushManifest(registry, repository, tag, types.list, { schemaVersion: 2, mediaType: types.list, manifests });
}

/** Fills a repository with tags: schema 2, OCI and (each tenth) multi-arch of both. Returns tag → digest. */
export async function populate(registry, repository, tags) {
  const digests = new Map();
  const jobs = tags.map((tag, i) => [tag, i]);
  const first = jobs.shift();
  const push = async ([tag, i]) => {
    const kind = i % 2 === 0 ? "docker" : "oci";
    const pushed =
      i % 10 === 9 || i % 10 === 4
        ? await pushIndex(registry, repository, tag, kind)
        : await pushImage(registry, repository, tag, { kind, tag });
    digests.set(tag, pushed.digest);
  };
  // The first one pushes the layer the others share.
  await push(first);
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let job = jobs.shift(); job; job = jobs.shift()) await push(job);
    }),
  );
  return digests;
}

/** Gives a tag another image. */
export const move = (registry, repository, tag, revision) =>
  pushImage(registry, repository, tag, { kind: "docker", tag, revision });

/** Bytes no compression makes smaller; the same each time. */
export function noise(size) {
  const key = Buffer.alloc(16, "end2end");
  return createCipheriv("aes-128-ctr", key, key).update(Buffer.alloc(size));
}

/** An archive of one file, as tar writes it. */
function archive(name, text) {
  const head = Buffer.alloc(512);
  const octal = (value, width) => value.toString(8).padStart(width, "0");
  head.write(name, 0);
  head.write(octal(0o644, 7), 100);
  head.write(octal(0, 7), 108);
  head.write(octal(0, 7), 116);
  head.write(octal(Buffer.byteLength(text), 11), 124);
  head.write(octal(0, 11), 136);
  head.write("        ", 148);
  head.write("0", 156);
  head.write("ustar\u000000", 257);
  head.write(`${octal(head.reduce((sum, byte) => sum + byte, 0), 6)}\u0000 `, 148);
  const body = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / 512) * 512);
  body.write(text);
  return Buffer.concat([head, body, Buffer.alloc(1024)]);
}

/** Pushes an OCI image that has one file, for clients that unpack it; returns its digest. */
export async function pushFile(registry, repository, tag, name, text) {
  const tree = archive(name, text);
  const bytes = gzipSync(tree);
  const layer = await pushBlob(registry, repository, bytes);
  const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [digestOf(tree)] } }));
  const { digest } = await pushManifest(registry, repository, tag, OCI.manifest, {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    config: { mediaType: OCI.config, size: config.length, digest: await pushBlob(registry, repository, config) },
    layers: [{ mediaType: OCI.layer, size: bytes.length, digest: layer }],
  });
  return digest;
}

/** Pushes an OCI image of one layer; returns the layer's digest. */
export async function pushLayer(registry, repository, tag, bytes) {
  const layer = await pushBlob(registry, repository, bytes);
  const text = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [layer] } }));
  const config = await pushBlob(registry, repository, text);
  await pushManifest(registry, repository, tag, OCI.manifest, {
    schemaVersion: 2,
    mediaType: OCI.manifest,
    config: { mediaType: OCI.config, size: text.length, digest: config },
    layers: [{ mediaType: OCI.layer, size: bytes.length, digest: layer }],
  });
  return layer;
}

/** Stands before a registry. `mode` says what becomes of blobs: `open`, `missing`, or `hold`: half of each is sent. */
export async function startProxy(registry) {
  const proxy = { mode: "open", asked: 0 };
  const answer = async (request, response) => {
    const blob = /\/blobs\/sha256:/.test(request.url);
    if (blob && request.method === "GET") proxy.asked += 1;
    if (blob && proxy.mode === "missing") {
      response.writeHead(404, { "content-type": "application/json" }).end('{"errors":[{"code":"BLOB_UNKNOWN","message":"gone"}]}');
      return;
    }
    const { method } = request;
    const headers = { accept: request.headers.accept ?? "*/*", ...(request.headers.range ? { range: request.headers.range } : {}) };
    // A connection of its own for each: one that was kept may be closed by the other side at this very moment.
    const given = await new Promise((resolve, reject) => {
      const asked = httpRequest(new URL(request.url, registry.url), { method, headers, agent: false }, resolve);
      asked.once("error", reject).end();
    });
    const body = Buffer.concat(await given.toArray());
    const kept = ["content-type", "docker-content-digest", "docker-distribution-api-version", "content-range", "content-length"];
    const told = kept.filter((name) => name in given.headers).map((name) => [name, given.headers[name]]);
    response.writeHead(given.statusCode, Object.fromEntries(told));
    if (blob && method === "GET" && proxy.mode === "hold") response.write(body.subarray(0, body.length / 2));
    else response.end(body);
  };
  const server = createHttpServer((request, response) => {
    answer(request, response).catch((error) => {
      console.error("proxy:", error.cause ?? error);
      response.destroy();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy.host = `127.0.0.1:${server.address().port}`;
  proxy.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return proxy;
}
