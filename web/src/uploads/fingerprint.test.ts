import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { fingerprint, sha256 } from "./fingerprint";

const END = 64 * 1024;
const bytes = (length: number, at = -1) => Uint8Array.from({ length }, (_, index) => (index === at ? 255 : index % 251));
const file = (content: Uint8Array<ArrayBuffer>, name = "dive.mp4", lastModified = 1) => new File([content], name, { lastModified });

it("hashes as S3 writes it", async () => {
  const content = bytes(1000);
  expect(await sha256(new Blob([content]))).toBe(createHash("sha256").update(content).digest("base64"));
});

it("knows a file again by name, size, time of change and both of its ends", async () => {
  const size = 3 * END;
  const print = await fingerprint(file(bytes(size)));
  expect(await fingerprint(file(bytes(size)))).toBe(print);
  const others = [
    file(bytes(size), "other.mp4"),
    file(bytes(size), "dive.mp4", 2),
    file(bytes(size + 1)),
    file(bytes(size, 0)),
    file(bytes(size, size - 1)),
  ];
  for (const other of others) expect(await fingerprint(other)).not.toBe(print);
});

it("knows a file again that is smaller than its ends", async () => {
  const print = await fingerprint(file(bytes(10)));
  expect(await fingerprint(file(bytes(10)))).toBe(print);
  expect(await fingerprint(file(bytes(10, 5)))).not.toBe(print);
});
