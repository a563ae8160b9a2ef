// The S3 server of the tests (crates/engine/examples/bucket.rs) on a free port, over a throw-away folder.
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export async function startBucket() {
  const folder = await mkdtemp(join(tmpdir(), "weir-bucket-"));
  const child = spawn(process.env.WEIR_TEST_BUCKET, [folder], { stdio: ["pipe", "pipe", "inherit"] });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the bucket ended");
    return value;
  };
  const env = JSON.parse(await line());
  return {
    /** What makes Weir keep its blobs there. */
    env,
    /** Where its objects are. */
    objects: join(folder, "blobs/weir"),
    /** Parts of objects that nobody finished. */
    unfinished: async () => (await readdir(folder)).filter((name) => name.startsWith(".upload_id-")),
    /** `room BYTES`: it takes so many; `hold`: it finishes no object; `mend`: all is well. */
    tell: async (words) => {
      child.stdin.write(`${words}\n`);
      await line();
    },
    stop: async () => {
      child.kill("SIGKILL");
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
