/**
 * Types that must hold, and uses that must not compile. Nothing here runs: the "types" step compiles it, and an expected error that does
 * not come is an error.
 */
import type { Readable } from "node:stream";
import { BerthError, type BlobStore, bytesSource, type Descriptor, type Digest, type Registry, type Repository } from "@berth/oci";
import { expectTypeOf, test } from "vitest";
import {
  type AuthError,
  type ClientHooks,
  type Connection,
  type Credential,
  createConnection,
  createRemoteRegistry,
  createRemoteRepository,
  type NetworkError,
  parseImageName,
  type RegistryClientOptions,
  type RemoteOptions,
  type RemoteRegistry,
  type RemoteRepository,
  type RepositoryOptions,
  ResponseError,
  type StackConnectionOptions,
  staticCredentials,
  type Transport,
} from "./index.ts";

declare const descriptor: Descriptor;
declare const repository: RemoteRepository;

test("an error is narrowed by its code", () => {
  const error = {} as AuthError | NetworkError | ResponseError;
  if (error.code === "ERR_NETWORK") expectTypeOf(error).toEqualTypeOf<NetworkError>();
  if (error.code === "ERR_AUTH") expectTypeOf(error).toEqualTypeOf<AuthError>();
  if (error.code === "ERR_RESPONSE") expectTypeOf(error.status).toEqualTypeOf<number>();
  // @ts-expect-error no such code
  if (error.code === "ERR_NETWORKS") return;
  // @ts-expect-error only an answer has a status
  if (error.code === "ERR_NETWORK") void error.status;
});

test("what is caught is unknown until it is asked", () => {
  try {
    createRemoteRepository("localhost/app");
  } catch (error) {
    expectTypeOf(error).toBeUnknown();
    if (error instanceof ResponseError) expectTypeOf(error.errors).items.toHaveProperty("code");
    if (BerthError.is(error)) expectTypeOf(error.code).toBeString();
  }
});

test("[client/B-68] a remote repository is a repository, and a remote registry a registry", () => {
  expectTypeOf<RemoteRepository>().toExtend<Repository>();
  expectTypeOf<RemoteRepository["blobs"]>().toExtend<BlobStore>();
  expectTypeOf<RemoteRegistry>().toExtend<Registry>();
  expectTypeOf<ReturnType<typeof createRemoteRegistry>["repository"]>().returns.toEqualTypeOf<RemoteRepository>();
});

test("[client/B-9] the options of repositories are those of registries, and nothing but values", () => {
  expectTypeOf<RepositoryOptions>().toExtend<Parameters<typeof createRemoteRegistry>[1] & object>();
  expectTypeOf<RepositoryOptions[keyof RepositoryOptions]>().toExtend<boolean | number | readonly string[] | undefined>();
  const options: RepositoryOptions = { maxMetadataBytes: 1024 };
  // @ts-expect-error options are not changed later: make another client
  options.maxMetadataBytes = 2048;
  // @ts-expect-error no such option
  createRemoteRepository("localhost/app", { maxMetadatabytes: 1024 });
  // @ts-expect-error undefined is no value: leave the option out
  createRemoteRepository("localhost/app", { maxMetadataBytes: undefined });
});

test("a digest is no string that nobody has looked at", () => {
  expectTypeOf<Digest>().toExtend<string>();
  // @ts-expect-error parseDigest() makes one
  void repository.blobs.stat("sha256:abc");
  // @ts-expect-error a descriptor's digest has been checked too
  void repository.fetch({ mediaType: "text/plain", digest: "sha256:abc", size: 1 });
  void repository.blobs.stat(descriptor.digest);
});

test("content is bytes, a text, or a source of bytes", () => {
  void repository.push(descriptor, "text");
  void repository.push(descriptor, new Uint8Array());
  void repository.push(descriptor, bytesSource("text"));
  void repository.push(descriptor, {} as Readable);
  void repository.push(descriptor, {} as ReadableStream<Uint8Array>);
  void repository.push(descriptor, "text", { onProgress: ({ sent }) => expectTypeOf(sent).toEqualTypeOf<number>() });
  // @ts-expect-error no such mode
  void repository.push(descriptor, "text", { mode: "chunks" });
  // @ts-expect-error numbers are no content
  void repository.push(descriptor, 1);
  // @ts-expect-error a source of texts is no source of bytes
  void repository.push(descriptor, {} as AsyncIterable<string>);
});

test("what comes out is a stream of Node's, of bytes", async () => {
  expectTypeOf(repository.fetch(descriptor)).resolves.toExtend<Readable>();
  for await (const chunk of await repository.fetch(descriptor)) expectTypeOf(chunk).toEqualTypeOf<Buffer>();
  expectTypeOf(repository.resolve("latest")).resolves.toEqualTypeOf<Descriptor>();
  expectTypeOf(repository.tags()).toExtend<AsyncIterable<string>>();
  expectTypeOf(repository.tags().pages()).toExtend<AsyncIterable<readonly string[]>>();
  // @ts-expect-error a list is walked with for await, not for
  for (const tag of repository.tags()) void tag;
});

test("a transport is a function; no class has to be extended", () => {
  const transport: Transport = (request) => {
    expectTypeOf(request.url).toEqualTypeOf<URL>();
    // @ts-expect-error a request is a value: pass on a copy
    request.method = "GET";
    return Promise.reject(new Error("offline"));
  };
  expectTypeOf(createConnection("localhost", { transport })).toEqualTypeOf<Connection>();
  // @ts-expect-error a source is asked when it is needed: hand over a function
  createConnection("localhost", { credentials: { username: "a", password: "b" } });
  createConnection("localhost", { credentials: staticCredentials("localhost", { username: "a", password: "b" }) });
});

test("[client/C-27] what takes the place of something is not given beside it", () => {
  const transport: Transport = () => Promise.reject(new Error("offline"));
  const connection = createConnection("localhost", { transport, plainHttp: true, onWarning: () => undefined });
  const credentials = staticCredentials("localhost", { accessToken: "a" });
  // @ts-expect-error the transport has its own
  createConnection("localhost", { transport, credentials });
  // @ts-expect-error
  createRemoteRepository("localhost/app", { transport, http: {} });
  // @ts-expect-error the connection has its own
  createRemoteRepository("localhost/app", { connection, credentials });
  // @ts-expect-error
  createRemoteRepository("localhost/app", { connection, http: {} });
  // @ts-expect-error
  createRemoteRegistry("localhost", { connection, plainHttp: true });
  // @ts-expect-error
  createRemoteRegistry("localhost", { connection, transport });
  createRemoteRepository("localhost/app", { connection, onWarning: () => undefined, tagListPageSize: 1 });
  createRemoteRegistry("localhost", { transport, plainHttp: true, repositoryListPageSize: 1 });
});

test("[client/C-27] options can be chosen, added to and passed on", () => {
  const credentials = staticCredentials("localhost", { accessToken: "a" });
  const either: RemoteOptions = Math.random() < 0.5 ? { connection: createConnection("localhost") } : { credentials };
  createRemoteRepository("localhost/app", either);
  createRemoteRepository("localhost/app", { ...either, tagListPageSize: 1 });
  const open = (options: RepositoryOptions & StackConnectionOptions = {}): RemoteRepository =>
    createRemoteRepository("localhost/app", { plainHttp: true, ...options });
  open({ credentials, maxMetadataBytes: 1024 });
  interface Own extends StackConnectionOptions {
    readonly name: string;
  }
  const own: Own = { name: "app", retry: false };
  createConnection("localhost", own);
});

test("[client/B-53] a static credential proves something", () => {
  // @ts-expect-error nobody is what is left when there are no credentials
  staticCredentials("localhost", {});
  // @ts-expect-error a user name proves nothing
  staticCredentials("localhost", { username: "a" });
  // @ts-expect-error it is password
  staticCredentials("localhost", { username: "a", pasword: "b" });
  staticCredentials("localhost", { refreshToken: "a" });
  staticCredentials("localhost", { username: "a", password: "b", accessToken: "c" });
  const found = {} as Credential;
  staticCredentials("localhost", found);
});

test("[client/X-10] hooks take what they are told, and nothing else", () => {
  const hooks: ClientHooks = {
    onResponse: ({ status }) => expectTypeOf(status).toEqualTypeOf<number | undefined>(),
    onProgress: ({ operation }) => expectTypeOf(operation).toEqualTypeOf<"fetch blob" | "push blob">(),
    // @ts-expect-error an event is a value
    onRetry: (event) => (event.delayMs = 0),
  };
  createRemoteRepository("localhost/app", { hooks });
  // @ts-expect-error no such hook
  createRemoteRepository("localhost/app", { hooks: { onReply: () => undefined } });
  expectTypeOf(parseImageName("ubuntu").reference).toExtend<string>();
});

test("credentials and options have no members that are misspelt", () => {
  // @ts-expect-error it is username
  const credential: Credential = { userName: "a" };
  // @ts-expect-error it is insecure
  const options: RegistryClientOptions = { inSecure: true };
  void [credential, options];
});
