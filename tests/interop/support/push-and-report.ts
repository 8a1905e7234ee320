import { createConnection, pushBlob } from "@berth/client";
import { fileSource } from "@berth/oci/node";

/** Pushes a file in chunks and says on stdout what the upload is called and how far it is: `push-and-report.ts HOST FILE DESCRIPTOR`. */
const [host = "", path = "", descriptor = ""] = process.argv.slice(2);
const connection = createConnection(host, { plainHttp: true });
await pushBlob(connection, "a/b", JSON.parse(descriptor), await fileSource(path), {
  mode: "chunked",
  chunkSize: 1_048_576,
  onUpload: (id) => process.stdout.write(`id ${id}\n`),
  onProgress: ({ sent }) => process.stdout.write(`sent ${sent}\n`),
});
