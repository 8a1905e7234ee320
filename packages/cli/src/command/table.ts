import type { CommandEntry } from "./row.ts";

const LOOK = "Look:";
const MOVE = "Move:";
const CHANGE = "Change:";
const SIGN_IN = "Sign in:";
const SERVE = "Run a registry:";
const HELP = "Help:";

/** Every command. To add one: a file in `commands`, and a row here. Its name, aliases and summary stand here and nowhere else. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "ls",
    aliases: ["catalog", "tags", "list"],
    summary: "list repositories or tags",
    group: LOOK,
    load: async () => (await import("../commands/ls.ts")).lsCommand,
  },
  {
    name: "inspect",
    summary: "show what an image is",
    group: LOOK,
    load: async () => (await import("../commands/inspect.ts")).inspectCommand,
  },
  {
    name: "digest",
    aliases: ["resolve"],
    summary: "print the digest of an image, of files, or of standard input",
    group: LOOK,
    load: async () => (await import("../commands/digest.ts")).digestCommand,
  },
  {
    name: "referrers",
    aliases: ["discover"],
    summary: "list what refers to an image: signatures, attestations",
    group: LOOK,
    load: async () => (await import("../commands/referrers.ts")).referrersCommand,
  },
  {
    name: "manifest",
    summary: "read and write manifests",
    group: LOOK,
    commands: [
      {
        name: "get",
        aliases: ["fetch"],
        summary: "print a manifest as it is",
        load: async () => (await import("../commands/manifest-get.ts")).manifestGetCommand,
      },
      {
        name: "head",
        summary: "print type, digest and size of a manifest",
        load: async () => (await import("../commands/manifest-head.ts")).manifestHeadCommand,
      },
      {
        name: "put",
        aliases: ["push"],
        summary: "store a manifest",
        load: async () => (await import("../commands/manifest-put.ts")).manifestPutCommand,
      },
      {
        name: "rm",
        aliases: ["delete"],
        summary: "delete a manifest with all of its tags",
        load: async () => (await import("../commands/manifest-rm.ts")).manifestRmCommand,
      },
      {
        name: "diff",
        summary: "show how two images or indexes differ",
        load: async () => (await import("../commands/manifest-diff.ts")).manifestDiffCommand,
      },
    ],
  },
  {
    name: "config",
    summary: "read the config of an image, check that of a server",
    group: LOOK,
    commands: [
      {
        name: "get",
        summary: "print the config of an image as it is",
        load: async () => (await import("../commands/config-get.ts")).configGetCommand,
      },
      {
        name: "check",
        summary: "find the mistakes in a server's configuration file; starts nothing",
        load: async () => (await import("../commands/config-check.ts")).configCheckCommand,
      },
    ],
  },
  {
    name: "blob",
    summary: "read and write blobs",
    group: LOOK,
    commands: [
      {
        name: "get",
        aliases: ["fetch"],
        summary: "read a blob, or a part of it",
        load: async () => (await import("../commands/blob-get.ts")).blobGetCommand,
      },
      {
        name: "head",
        summary: "print the size of a blob",
        load: async () => (await import("../commands/blob-head.ts")).blobHeadCommand,
      },
      {
        name: "put",
        aliases: ["push"],
        summary: "store a blob",
        load: async () => (await import("../commands/blob-put.ts")).blobPutCommand,
      },
      {
        name: "rm",
        aliases: ["delete"],
        summary: "delete a blob",
        load: async () => (await import("../commands/blob-rm.ts")).blobRmCommand,
      },
    ],
  },
  {
    name: "ping",
    summary: "see whether a registry answers, and what it still allows",
    group: LOOK,
    load: async () => (await import("../commands/ping.ts")).pingCommand,
  },
  {
    name: "fsck",
    aliases: ["validate"],
    summary: "check that all of an image is there, and is what it should be",
    group: LOOK,
    load: async () => (await import("../commands/fsck.ts")).fsckCommand,
  },
  {
    name: "export",
    summary: "write the file system of an image as a tar archive",
    group: LOOK,
    load: async () => (await import("../commands/export.ts")).exportCommand,
  },
  {
    name: "cat",
    summary: "print one file of an image",
    group: LOOK,
    load: async () => (await import("../commands/cat.ts")).catCommand,
  },
  {
    name: "ls-files",
    summary: "list the files of an image",
    group: LOOK,
    load: async () => (await import("../commands/ls-files.ts")).lsFilesCommand,
  },
  {
    name: "repo",
    summary: "list repositories or tags",
    hidden: true, // as oras calls it
    commands: [
      { name: "ls", summary: "list repositories", load: async () => (await import("../commands/ls.ts")).lsCommand },
      { name: "tags", summary: "list tags", load: async () => (await import("../commands/ls.ts")).lsCommand },
    ],
  },
  {
    name: "cp",
    aliases: ["copy"],
    summary: "copy images between registries, OCI layouts and archives",
    group: MOVE,
    load: async () => (await import("../commands/cp.ts")).cpCommand,
  },
  {
    name: "sync",
    summary: "copy what a file lists, as far as it is not there yet",
    group: MOVE,
    load: async () => (await import("../commands/sync.ts")).syncCommand,
  },
  {
    name: "pull",
    summary: "get the files of an artifact, or an image into a layout or archive",
    group: MOVE,
    load: async () => (await import("../commands/pull.ts")).pullCommand,
  },
  {
    name: "push",
    summary: "push files as an artifact, or an image out of a layout or archive",
    group: MOVE,
    load: async () => (await import("../commands/push.ts")).pushCommand,
  },
  {
    name: "attach",
    summary: "push files that are about an image: a bill of materials, a scan",
    group: MOVE,
    load: async () => (await import("../commands/attach.ts")).attachCommand,
  },
  {
    name: "save",
    summary: "write images into one archive, as docker save does",
    group: MOVE,
    load: async () => (await import("../commands/save.ts")).saveCommand,
  },
  {
    name: "load",
    summary: "push the images of an archive or layout",
    group: MOVE,
    load: async () => (await import("../commands/load.ts")).loadCommand,
  },
  {
    name: "gc",
    summary: "remove what nothing leads to from an OCI layout",
    group: MOVE,
    load: async () => (await import("../commands/gc.ts")).gcCommand,
  },
  {
    name: "tag",
    summary: "give an image more tags",
    group: CHANGE,
    load: async () => (await import("../commands/tag.ts")).tagCommand,
  },
  {
    name: "untag",
    summary: "take tags away; what they name stays",
    group: CHANGE,
    load: async () => (await import("../commands/untag.ts")).untagCommand,
  },
  {
    name: "rm",
    aliases: ["delete"],
    summary: "take a tag away, or delete a manifest",
    group: CHANGE,
    load: async () => (await import("../commands/rm.ts")).rmCommand,
  },
  {
    name: "index",
    summary: "make and change indexes: images of several platforms",
    group: CHANGE,
    commands: [
      {
        name: "create",
        summary: "make an index of images",
        load: async () => (await import("../commands/index-create.ts")).indexCreateCommand,
      },
      {
        name: "add",
        summary: "put images into an index",
        load: async () => (await import("../commands/index-add.ts")).indexAddCommand,
      },
      {
        name: "rm",
        aliases: ["delete"],
        summary: "take images out of an index",
        load: async () => (await import("../commands/index-rm.ts")).indexRmCommand,
      },
      {
        name: "filter",
        summary: "leave only some platforms in an index",
        load: async () => (await import("../commands/index-filter.ts")).indexFilterCommand,
      },
    ],
  },
  {
    name: "mutate",
    summary: "change labels, variables, what runs: the config of an image",
    group: CHANGE,
    load: async () => (await import("../commands/mutate.ts")).mutateCommand,
  },
  {
    name: "append",
    summary: "put a layer on top of an image",
    group: CHANGE,
    load: async () => (await import("../commands/append.ts")).appendCommand,
  },
  {
    name: "rebase",
    summary: "move an image to another base without building it again",
    group: CHANGE,
    load: async () => (await import("../commands/rebase.ts")).rebaseCommand,
  },
  {
    name: "flatten",
    summary: "make one layer of all layers of an image",
    group: CHANGE,
    load: async () => (await import("../commands/flatten.ts")).flattenCommand,
  },
  {
    name: "convert",
    summary: "turn an image of Docker into one of OCI, or back",
    group: CHANGE,
    load: async () => (await import("../commands/convert.ts")).convertCommand,
  },
  {
    name: "recompress",
    summary: "compress the layers of an image another way",
    group: CHANGE,
    load: async () => (await import("../commands/recompress.ts")).recompressCommand,
  },
  {
    name: "login",
    summary: "prove who you are to a registry, and remember it",
    group: SIGN_IN,
    load: async () => (await import("../commands/login.ts")).loginCommand,
  },
  {
    name: "logout",
    summary: "forget a password",
    group: SIGN_IN,
    load: async () => (await import("../commands/logout.ts")).logoutCommand,
  },
  {
    name: "whoami",
    summary: "show who is logged in to a registry",
    group: SIGN_IN,
    load: async () => (await import("../commands/whoami.ts")).whoamiCommand,
  },
  {
    name: "serve",
    summary: "run a registry",
    group: SERVE,
    load: async () => (await import("../commands/serve.ts")).serveCommand,
  },
  {
    name: "htpasswd",
    summary: "make an entry of a password file",
    group: SERVE,
    load: async () => (await import("../commands/htpasswd.ts")).htpasswdCommand,
  },
  {
    name: "api-describe",
    summary: "describe the registry's HTTP API",
    group: SERVE,
    load: async () => (await import("../commands/api-describe.ts")).apiDescribeCommand,
  },
  {
    name: "completion",
    summary: "make a shell complete commands, repositories and tags",
    group: HELP,
    load: async () => (await import("../commands/completion.ts")).completionCommand,
  },
  {
    name: "help",
    summary: "say more about a command or a topic",
    group: HELP,
    load: async () => (await import("../commands/help.ts")).helpCommand,
  },
  {
    name: "version",
    summary: "print the version",
    group: HELP,
    load: async () => (await import("../commands/version.ts")).versionCommand,
  },
  {
    name: "__complete",
    summary: "candidates for a shell",
    hidden: true,
    load: async () => (await import("../commands/complete.ts")).completeCommand,
  },
];
