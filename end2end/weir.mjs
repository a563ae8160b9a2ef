// The built program on a free port, with its own data folder; and a browser to look at it.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { freePort, until } from "./registry.mjs";

export const PASSWORD = "correct horse battery";

/** Makes an empty database of the kind: `sqlite` or `postgres`. Returns its URL, or null for the default. */
export async function newDatabase(kind) {
  if (kind === "sqlite") return null;
  const server = new URL(process.env.WEIR_TEST_POSTGRES_URL ?? "");
  const name = `e2e_${Date.now()}_${Math.floor(Math.random() * 1e6)}`;
  const psql = spawn("psql", ["-q", "-v", "ON_ERROR_STOP=1", server.href, "-c", `CREATE DATABASE ${name}`], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const code = await new Promise((resolve) => psql.once("exit", resolve));
  if (code !== 0) throw new Error(`psql could not make a database: exit ${code}`);
  server.pathname = `/${name}`;
  return server.href;
}

/** `room`, such as `32m`: the data folder is a file system of its own that has no more. */
export async function newHome(kind, env = {}, room = null) {
  const data = await mkdtemp(join(tmpdir(), "weir-data-"));
  const database = await newDatabase(kind);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const settings = {
    ...Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("WEIR_"))),
    WEIR_HTTP: `127.0.0.1:${port}`,
    WEIR_PUBLIC_URL: url,
    WEIR_DATA: data,
    WEIR_ADMIN_PASSWORD: PASSWORD,
    WEIR_LOG: process.env.WEIR_E2E_LOG ?? "warn",
    ...(database ? { WEIR_DATABASE_URL: database } : {}),
    ...env,
  };
  // The program takes the place of the shell: it is the child that is waited for and ended.
  const own = 'mount -t tmpfs -o size="$1" weir "$WEIR_DATA" && exec "$2" serve';
  const [program, ...words] = room
    ? ["unshare", "--map-root-user", "--mount", "sh", "-c", own, "sh", room, process.env.WEIR_BIN]
    : [process.env.WEIR_BIN, "serve"];
  let child;
  const home = {
    url,
    /** The data folder, as seen from here. */
    data: () => (room ? `/proc/${child.pid}/root${data}` : data),
    start: async (more = {}) => {
      child = spawn(program, words, {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...settings, ...more },
      });
      const mine = child;
      await until("weir to be ready", async () => {
        if (mine.exitCode !== null) throw new Error(`weir ended with ${mine.exitCode}`);
        return fetch(`${url}/readyz`).then((r) => r.ok, () => false);
      });
    },
    /** Runs another command of the program on the same data; what it wrote to standard output. */
    command: async (...words) => {
      const inside = room ? ["nsenter", "--user", "--mount", "--preserve-credentials", "--target", `${child.pid}`] : [];
      const [first, ...rest] = [...inside, process.env.WEIR_BIN, ...words];
      const other = spawn(first, rest, { stdio: ["ignore", "pipe", "inherit"], env: settings });
      let said = "";
      other.stdout.on("data", (bytes) => (said += bytes));
      const code = await new Promise((resolve) => other.once("close", resolve));
      if (code !== 0) throw new Error(`weir ${words.join(" ")} ended with ${code}`);
      return said.trim();
    },
    /** Ends the program and waits until it is gone. */
    end: async (signal) => {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill(signal);
      await gone;
    },
    remove: async () => {
      if (child && child.exitCode === null && child.signalCode === null) await home.end("SIGKILL");
      await rm(data, { recursive: true, force: true });
    },
  };
  return home;
}

export const openBrowser = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });

/** A page that fails the test on script errors, console errors and refused content. */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.troubles = [];
  page.on("pageerror", (error) => page.troubles.push(`script: ${error.message}`));
  page.on("console", (message) => {
    // A refused form is answered with its status; the browser notes that as an error of its own.
    const expected = /the server responded with a status of 4\d\d/.test(message.text());
    if (message.type() === "error" && !expected) page.troubles.push(`console: ${message.text()} ${message.location().url}`);
  });
  return page;
}

export async function signIn(page, url) {
  await page.goto(`${url}/login`);
  await page.getByLabel("User name").fill("admin");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((at) => !at.pathname.startsWith("/login"));
}

/** Waits on a job page until it says how the job ended, as the server shows it then: what comes after is not disturbed. */
export async function jobEnded(page, limit = 120_000) {
  await page.waitForURL(/\/imports\/[^/?]+/);
  await page.getByRole("link", { name: "Open the stream" }).waitFor({ timeout: limit });
  const texts = await page.getByRole("status").allInnerTexts();
  return texts.map((text) => text.trim()).find((text) => /(succeeded|failed|cancelled)$/.test(text)) ?? "";
}
