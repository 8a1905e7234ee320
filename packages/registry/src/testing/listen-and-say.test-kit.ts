/** Listens where it is told to, says where that is, and ends with its standard input; run by a test as a process of its own. */
import { loadConfig } from "../config/index.ts";
import { listen } from "../daemon/listen.ts";

const { config } = loadConfig({ env: { PORT: "1" } });
const listening = await listen((_request, response) => response.end("hello"), config.http);
process.stdout.write(`${listening.address}\n`);
process.stdin.resume().once("end", () => void listening.drain(1000));
