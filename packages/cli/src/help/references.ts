/** `berth help references`. */
export const REFERENCES_PAGE = `References

  [HOST/]NAME[:TAG][@DIGEST]       in a registry: localhost:5000/team/app:v1, ghcr.io/acme/app@sha256:...
                                   Without HOST it is Docker Hub: debian:12 is docker.io/library/debian:12.
                                   Without TAG and DIGEST it is the tag "latest". With both the digest counts
                                   for what is read; what is written gets the tag, and has to have the digest.
  oci:FOLDER[:TAG][@DIGEST]        an OCI image layout, a folder; without a tag the only image in it
  oci-archive:FILE[:TAG][@DIGEST]  the same in one tar file
  docker-archive:FILE[:NAME:TAG][@DIGEST]
                                   what "docker save" writes
  -                                an OCI archive on standard input or output

The names that other tools have for them are understood: docker://, ocidir://, oci-layout:. oci://HOST/NAME, as
helm writes it, is in a registry; the folder is oci:FOLDER, with no slashes in between.
Most commands that read take all of them, and most that change something registries and layouts; archives are
written whole, and not over one that holds other images unless --overwrite says so. One that cannot take a place says so.

A registry alone is HOST or HOST:PORT. Addresses may be pasted: https:// and http:// in front of a registry or a reference
say nothing. Registries on this machine and in private networks are asked by HTTPS and then by HTTP; all others by HTTPS,
unless --plain-http says otherwise.
`;
