/**
 * Times storage drivers, the cases of the reference registry's driver benchmarks: `node --conditions=berth-source bench/storage.ts [folder] [--gib]`.
 * `folder` should be on the disk to measure; `--gib` adds the cases of 1 GiB.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { tmpdir } from "node:os";
import type { StorageDriver } from "@berth/storage";
import { createFilesystemDriver } from "@berth/storage/filesystem";
import { createMemoryDriver } from "@berth/storage/memory";

const KIB = 1024;
const MIB = 1024 * KIB;
const CLIENTS = 8;

interface Case {
  readonly name: string;
  readonly count: number;
  /** Bytes of one run, for the throughput. */
  readonly bytes?: number;
  readonly prepare?: (driver: StorageDriver) => Promise<void>;
  readonly run: (driver: StorageDriver, index: number) => Promise<void>;
}

async function drain(driver: StorageDriver, path: string): Promise<void> {
  const stream = await driver.reader(path);
  for await (const chunk of stream) if (chunk.byteLength === 0) throw new Error("Cannot go on: an empty chunk");
}

async function stream(driver: StorageDriver, path: string, bytes: number): Promise<void> {
  const block = Buffer.alloc(Math.min(bytes, MIB), 7);
  const writer = await driver.writer(path);
  for (let done = 0; done < bytes; done += block.byteLength) await writer.write(block);
  await writer.commit();
}

function sizeCases(label: string, bytes: number, count: number): readonly Case[] {
  const content = Buffer.alloc(Math.min(bytes, 64 * MIB), 7);
  const put = {
    name: `put ${label}`,
    count,
    bytes,
    run: (driver: StorageDriver, index: number) => driver.putContent(`/bench/${index}`, content),
  };
  const get: Case = {
    name: `get ${label}`,
    count,
    bytes,
    prepare: (driver) => driver.putContent("/bench/file", content),
    run: async (driver) => void (await driver.getContent("/bench/file")),
  };
  const streams: readonly Case[] = [
    { name: `stream in ${label}`, count, bytes, run: (driver, index) => stream(driver, `/bench/${index}`, bytes) },
    {
      name: `stream out ${label}`,
      count,
      bytes,
      prepare: (driver) => stream(driver, "/bench/file", bytes),
      run: (driver) => drain(driver, "/bench/file"),
    },
  ];
  return bytes > content.byteLength ? streams : [put, get, ...streams];
}

function folderCases(files: number, count: number): readonly Case[] {
  const fill = async (driver: StorageDriver, folder: string): Promise<void> => {
    for (let index = 0; index < files; index += 1) await driver.putContent(`${folder}/${index}`, Buffer.alloc(1));
  };
  return [
    {
      name: `list ${files} files`,
      count,
      prepare: (driver) => fill(driver, "/bench/list"),
      run: async (driver) => void (await driver.list("/bench/list")),
    },
    {
      name: `delete ${files} files`,
      count,
      async prepare(driver) {
        for (let index = 0; index < count; index += 1) await fill(driver, `/bench/${index}`);
      },
      run: (driver, index) => driver.delete(`/bench/${index}`),
    },
  ];
}

async function measure(driver: StorageDriver, { name, count, bytes, prepare, run }: Case): Promise<Record<string, string>> {
  await prepare?.(driver);
  const cpu = process.cpuUsage();
  const started = performance.now();
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) await run(driver, next++);
  };
  await Promise.all(Array.from({ length: Math.min(CLIENTS, count) }, client));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  for (const path of await driver.list("/")) await driver.delete(path);
  const throughput = bytes === undefined || bytes < MIB ? "" : `${Math.round((bytes * count) / MIB / seconds)} MiB/s`;
  return {
    case: name,
    "per second": (count / seconds).toPrecision(3),
    throughput,
    "CPU µs each": String(Math.round((user + system) / count)),
  };
}

const [folder = tmpdir()] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const cases: readonly Case[] = [
  ...sizeCases("0 B", 0, 2000),
  ...sizeCases("1 KiB", KIB, 2000),
  ...sizeCases("1 MiB", MIB, 200),
  ...sizeCases("64 MiB", 64 * MIB, 8),
  ...(process.argv.includes("--gib") ? sizeCases("1 GiB", 1024 * MIB, 2) : []),
  ...folderCases(5, 100),
  ...folderCases(50, 20),
];

const rootDirectory = await mkdtemp(join(folder, "berth-bench-"));
try {
  for (const driver of [createFilesystemDriver({ rootDirectory }), createMemoryDriver()]) {
    const rows: Record<string, string>[] = [];
    for (const benchCase of cases) rows.push(await measure(driver, benchCase));
    console.log(`${driver.name}, ${CLIENTS} clients`);
    console.table(rows);
  }
} finally {
  await rm(rootDirectory, { recursive: true });
}
