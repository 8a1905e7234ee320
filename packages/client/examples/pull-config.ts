/** Prints what an image's config says. Arguments: a repository, default docker.io/library/busybox, and a tag. */
import { createRemoteRepository, defaultCredentials, isNotFound } from "@berth/client";

const [name = "docker.io/library/busybox", tag = "latest"] = process.argv.slice(2);
const repository = createRemoteRepository(name, { credentials: defaultCredentials() });
try {
  const { image, config } = await repository.fetchConfig(tag, { platform: { os: "linux", architecture: "arm64" } });
  console.log(image.descriptor.digest, config["architecture"], config["created"]);
} catch (error) {
  if (!isNotFound(error)) throw error;
  console.log("No such image");
}
