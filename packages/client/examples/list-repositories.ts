/** Lists repositories. Argument: a registry's host. */
import { createRemoteRegistry } from "@berth/client";

const [host = "localhost:5000"] = process.argv.slice(2);
const registry = createRemoteRegistry(host);

for await (const name of registry.repositories()) console.log(name);
