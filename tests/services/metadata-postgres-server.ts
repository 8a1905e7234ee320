import { once } from "node:events";
import { chown, readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { startInScratch, run, startDaemon } from "@berth/testkit/parts";

const VERSIONS = "/usr/lib/postgresql";
const SUPERUSER = "berth";

/** A PostgreSQL server of our own, on loopback. */
export interface PostgresServer {
  /** Connects to one of its databases. */
  url(database: string): string;
  /** Makes an empty database and gives its name. */
  createDatabase(): Promise<string>;
  dropDatabase(database: string): Promise<void>;
  /** Runs SQL with psql. */
  sql(database: string, text: string): Promise<string>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** The folder of PostgreSQL's programs, newest version first; undefined when it is not installed. */
export async function findPostgres(): Promise<string | undefined> {
  const versions = await readdir(VERSIONS).catch(() => []);
  const newest = versions
    .map(Number)
    .filter(Number.isFinite)
    .toSorted((a, b) => b - a)[0];
  return newest === undefined ? undefined : `${VERSIONS}/${newest}/bin`;
}

/** Starts a server over an empty folder, without fsync. PostgreSQL refuses root, so root runs it as the user that Debian made for it. */
export async function startPostgres(bin: string): Promise<PostgresServer> {
  return await startInScratch(async (scratch) => {
    const command = async (program: string, ...args: string[]): Promise<readonly [string, string[]]> =>
      process.getuid?.() === 0
        ? ["/usr/sbin/runuser", ["-u", "postgres", "--", `${bin}/${program}`, ...args]]
        : [`${bin}/${program}`, args];
    if (process.getuid?.() === 0) {
      const [uid, gid] = await Promise.all(["-u", "-g"].map(async (flag) => Number((await run("/usr/bin/id", [flag, "postgres"])).stdout)));
      await chown(scratch.path, uid ?? 0, gid ?? 0);
    }
    const data = scratch.join("data");
    await run(...(await command("initdb", "-D", data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")));
    const port = await freePort();
    const settings = {
      port,
      listen_addresses: "127.0.0.1",
      unix_socket_directories: scratch.path,
      fsync: "off",
      synchronous_commit: "off",
      full_page_writes: "off",
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const daemon = await startDaemon(...(await command("postgres", "-D", data, ...args)), {
      ready: /database system is ready to accept connections/,
    });
    const sql = async (database: string, text: string): Promise<string> =>
      (
        await run(`${bin}/psql`, [
          "-X",
          "-q",
          "-A",
          "-t",
          "-v",
          "ON_ERROR_STOP=1",
          "-h",
          "127.0.0.1",
          "-p",
          String(port),
          "-U",
          SUPERUSER,
          "-d",
          database,
          "-c",
          text,
        ])
      ).stdout;
    let databases = 0;
    return {
      url: (database) => `postgres://${SUPERUSER}@127.0.0.1:${port}/${database}`,
      async createDatabase() {
        const name = `test_${++databases}`;
        await sql("postgres", `CREATE DATABASE ${name}`);
        return name;
      },
      async dropDatabase(name) {
        await sql("postgres", `DROP DATABASE ${name} WITH (FORCE)`);
      },
      sql,
      stop: () => daemon.stop(),
    };
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("Cannot find a free port");
  return address.port;
}
