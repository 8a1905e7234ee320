/** Lists tags. Argument: a repository. */
import { createRemoteRepository } from "@berth/client";

const [name = "localhost:5000/example"] = process.argv.slice(2);
const repository = createRemoteRepository(name);

for await (const tag of repository.tags()) console.log(tag);
