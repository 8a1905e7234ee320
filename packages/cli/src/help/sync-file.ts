/** `berth help sync-file`. */
export const SYNC_FILE_PAGE = `Sync file

What berth sync copies where, as YAML:

  registries:                            # how registries are reached; as in the config file (berth help env), and
    registry.example.com:
      user: robot
      passwordVariable: ROBOT_PASSWORD   # the variable that holds the password; or tokenVariable alone
  defaults:                              # for every entry below
    platforms: [linux/amd64, linux/arm64]
  sync:
    - source: docker.io/library/debian   # a repository: all tags, or those below
      destination: localhost:5000/debian
      tags:
        match: ["12*", "/^13/"]          # shell patterns, or expressions between slashes; one must match
        exclude: ["*-backports"]         # none may match
        semver: ">=12.1"                 # tags that are versions, in this range
        latest: 3                        # of what is left, the highest versions
      immutable: ["12.*"]                # never change: one that is there is not looked at again
    - source: ghcr.io/acme/app:v1        # one image
      destination: localhost:5000/acme/app:stable
      referrers: true                    # with what refers to it; or a list of artifact types
    - source: quay.io                    # a registry: all repositories, or those below, each under its own name
      repositories: {match: ["acme/*"], exclude: ["*/test"]}
      destination: localhost:5000/quay
    - source: oci:images                 # a layout or an archive; destinations may be layouts, too
      destination: localhost:5000/images

In patterns * stands for anything between two slashes, and ** between them for any number of parts: "acme/*" is acme/app,
and "acme/**" acme/team/app, too.

Every entry, and defaults, may also have:

  platforms   of indexes, only these images; the index stays as it is. Where one is missing that is a warning, where all
              are it is an error
  platform    of indexes, the image for this platform, and not the index
  digestTags  true: what hangs on images by tags, too: sha256-....sig
  external    true: layers that are kept outside of registries, too
  existing    what happens to a tag that names something else: overwrite (default), keep, refuse
  suffix      stands behind every tag at the destination
  scoped      true: the whole name of the source stands behind the destination: localhost:5000/docker.io/library/debian

Secrets stand in variables, or where docker keeps them: never in the file.
`;
